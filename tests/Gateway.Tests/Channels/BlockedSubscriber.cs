using Gateway.Server.Channels;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Naming;

namespace Gateway.Tests.Channels;

/// <summary>A subscriber that blocks the fan-out until the test releases it.</summary>
internal sealed class BlockedSubscriber : ISubscriber, IDisposable
{
    private readonly ManualResetEventSlim _released = new();
    private int _presence;

    public ManualResetEventSlim Entered { get; } = new();

    public int Gaps { get; private set; }

    /// <summary>The presence frames that the subscriber was given.</summary>
    public int Presence => Volatile.Read(ref _presence);

    public ConnectionId Id => default;

    public FrameEncoding Encoding => NativeEncoding.Instance;

    public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends)
    {
        Entered.Set();
        _released.Wait();
        foreach (var entry in batch.Entries)
        {
            if (entry.Presence is not null && entry.IsFor(subscription))
                Interlocked.Increment(ref _presence);
        }
        return true;
    }

    public void CatchUp()
    {
    }

    public void OnGap(Subscription subscription)
    {
        Gaps++;
        subscription.Channel.Deactivate(subscription);
    }

    public void Release() => _released.Set();

    public void Dispose() => Release();
}
