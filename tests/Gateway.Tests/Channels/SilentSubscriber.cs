using Gateway.Server.Channels;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Naming;

namespace Gateway.Tests.Channels;

/// <summary>A subscriber of which only the id matters.</summary>
internal sealed class SilentSubscriber(ConnectionId id = default) : ISubscriber
{
    public ConnectionId Id { get; } = id;

    public FrameEncoding Encoding => NativeEncoding.Instance;

    public bool Deliver(FrameBatch batch, Subscription subscription, ref ScheduledSends? sends) => throw new NotSupportedException();

    public void CatchUp() => throw new NotSupportedException();

    public void OnGap(Subscription subscription) => throw new NotSupportedException();

    public static Subscription Subscription(ConnectionId id = default, Channel? channel = null) => new(channel!, new SilentSubscriber(id));
}
