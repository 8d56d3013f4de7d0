using System.Net;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Clock;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Audit;

/// <summary>
/// The last refusals and slow consumers, for the operator's page. Safe for any thread. No event has a token or a query in it, and of the
/// client's own words only its user id.
/// </summary>
internal sealed class RecentEvents(TimeProvider time) : ITickHandler
{
    /// <summary>A screenful; the metrics count all of them.</summary>
    public const int Capacity = 50;

    /// <summary>A fan-out may find thousands of slow consumers at once, each time. Those beyond this number are only counted.</summary>
    private const int SlowPerSecond = 100;

    private const long WindowMilliseconds = 1_000;

    private readonly RecentList<RecentRefusal> _refusals = new(Capacity);
    private readonly RecentList<RecentSlowConsumer> _slow = new(Capacity);
    private int _slowInWindow;
    private long _window;

    public IReadOnlyList<RecentRefusal> Refusals => _refusals.Newest;

    public IReadOnlyList<RecentSlowConsumer> SlowConsumers => _slow.Newest;

    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    public void Refused(IPAddress address, HandshakeRefusal refusal) =>
        Refused(address, refusal.StatusCode, refusal.Reason, refusal.Message);

    public void Aborted(IPAddress? address, AbortReason reason) => Refused(address, null, reason.Label(), reason switch
    {
        AbortReason.HandshakeTimeout => "its request did not come in time",
        AbortReason.NoProxyHeader => "it did not begin with a PROXY header",
        AbortReason.AddressSockets => "its address has too many sockets open",
        _ => "no more files may be opened",
    });

    /// <param name="connection">The connection.</param>
    /// <param name="policy">The policy that was applied.</param>
    /// <param name="channel">The channel of the message that found no room.</param>
    /// <param name="dropped">Messages dropped for this connection so far.</param>
    public void Slow(AuditedConnection connection, string policy, ChannelName channel, long dropped)
    {
        if (Volatile.Read(ref _slowInWindow) >= SlowPerSecond)
            return;
        Interlocked.Increment(ref _slowInWindow);
        string id = connection.Id.ToString();
        _slow.Add(
            before => before.Connection == id && before.Policy == policy,
            _ => new RecentSlowConsumer(
                Now, id, policy, channel.ToString(), dropped, connection.User, connection.Address.ToString()));
    }

    void ITickHandler.OnTick(long now)
    {
        if (now - _window < WindowMilliseconds)
            return;
        _window = now;
        Volatile.Write(ref _slowInWindow, 0);
    }

    private void Refused(IPAddress? address, int? status, string reason, string message)
    {
        string? from = address?.ToString();
        _refusals.Add(
            before => before.Address == from && before.Reason == reason && before.Message == message,
            before => new RecentRefusal(Now, reason, message, (before?.Count ?? 0) + 1, status, from));
    }
}
