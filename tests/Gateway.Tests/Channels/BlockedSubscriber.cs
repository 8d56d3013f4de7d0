using Gateway.Channels;

namespace Gateway.Tests.Channels;

/// <summary>Keeps the fan-out busy until told otherwise.</summary>
internal sealed class BlockedSubscriber : ISubscriber, IDisposable
{
    private readonly ManualResetEventSlim _released = new();

    public ManualResetEventSlim Entered { get; } = new();

    public int Gaps { get; private set; }

    public string Id => "blocked";

    public bool Deliver(FrameBatch batch, Subscription subscription, ref SendWork? sends)
    {
        Entered.Set();
        _released.Wait();
        return true;
    }

    public void CatchUp()
    {
    }

    public bool TrySend(Subscription subscription, ReadOnlySpan<byte> message) => true;

    public void OnGap(Subscription subscription)
    {
        Gaps++;
        subscription.Channel.Deactivate(subscription);
    }

    public void Release() => _released.Set();

    public void Dispose() => Release();
}
