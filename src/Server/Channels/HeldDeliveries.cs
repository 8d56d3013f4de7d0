using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>
/// What a channel delivers to a subscription whose history is still being sent: held until that has come to where the channel was, and then
/// handed on. Bounded; a batch that is held is shared with all who get it. Safe for any thread.
/// </summary>
/// <remarks>Lock order: this one, then the subscriber's. The channel's is never held when this one is taken.</remarks>
internal sealed class HeldDeliveries(ISubscriber subscriber, int maxBytes) : ISubscriber
{
    private readonly Lock _gate = new();
    private readonly Queue<FrameBatch> _batches = new();
    private int _bytes;
    private bool _isOver;
    private bool _isReleased;

    public ConnectionId Id => subscriber.Id;

    public FrameEncoding Encoding => subscriber.Encoding;

    public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends)
    {
        lock (_gate)
        {
            if (!_isReleased)
            {
                Hold(batch);
                return true;
            }
        }
        return subscriber.Deliver(batch, subscription, ref sends);
    }

    public void CatchUp() => subscriber.CatchUp();

    public void OnGap(Subscription subscription) => subscriber.OnGap(subscription);

    /// <summary>Hands on what is held; from now on everything goes straight to the subscriber.</summary>
    /// <returns>False when it was more than may be held: messages are missing.</returns>
    public bool TryRelease(Subscription subscription)
    {
        ScheduledSends? sends = null;
        lock (_gate)
        {
            if (_isOver)
                return false;
            while (_batches.TryDequeue(out var batch))
            {
                subscriber.Deliver(batch, subscription, ref sends);
                batch.Release();
            }
            _isReleased = true;
            subscription.Subscriber = subscriber;
        }
        ScheduledSends.Run(ref sends);
        return true;
    }

    /// <summary>Lets go of what is held and holds nothing more. Harmless after <see cref="TryRelease"/>.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            _isOver = true;
            while (_batches.TryDequeue(out var batch))
                batch.Release();
        }
    }

    private void Hold(FrameBatch batch)
    {
        if (_isOver)
            return;
        _bytes += batch.Length;
        if (_bytes > maxBytes)
        {
            Drop();
            return;
        }
        batch.Retain();
        _batches.Enqueue(batch);
    }
}
