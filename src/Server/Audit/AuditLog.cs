using System.Net;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Audit;

/// <summary>
/// Safe for any thread. Counts and logs who came, who was refused and who went, and why. Of one kind, an event with its status or
/// code, at most <see cref="LinesPerSecond"/> are written a second, and then one line that says how many were left out. Never a token or
/// a query, and nothing that a client wrote but its user id.
/// </summary>
internal sealed partial class AuditLog(GatewayMetrics metrics, RecentEvents recent, ILogger<AuditLog> log) : ITickHandler
{
    public const int LinesPerSecond = 10;

    private const long WindowMilliseconds = 1_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<(string Event, int Code), int> _lines = [];
    private long _window;

    public void Connected(ConnectionLease lease)
    {
        metrics.Connected(lease.Transport);
        if (MayWrite("connected", 0))
            LogConnected(log, lease.Id, User(lease), lease.Address);
    }

    /// <param name="lease">The connection.</param>
    /// <param name="code">Of the close frame; 1006 where there was none.</param>
    /// <param name="reason">Why this side ended it; null where the client did.</param>
    public void Disconnected(ConnectionLease lease, int code, string? reason)
    {
        metrics.Disconnected(lease.Transport, code);
        if (MayWrite("disconnected", code))
            LogDisconnected(log, lease.Id, User(lease), lease.Address, code, reason ?? (code == 1006 ? "the client vanished" : "the client closed"));
    }

    /// <summary>An upgrade that was answered with an HTTP error.</summary>
    public void Refused(IPAddress address, UpgradeRefusal refusal)
    {
        metrics.Refused(refusal);
        recent.Refused(address, refusal);
        if (MayWrite("refused", refusal.StatusCode))
            LogRefused(log, address, refusal.StatusCode, refusal.Message);
    }

    /// <summary>A connection that was ended before it said, in time and as it should, what it wanted.</summary>
    public void Aborted(EndPoint? peer, AbortReason reason)
    {
        var address = (peer as IPEndPoint)?.Address;
        metrics.Aborted(reason);
        recent.Aborted(address, reason);
        if (MayWrite("cut", (int)reason))
            LogCut(log, address, reason);
    }

    /// <summary>A delivery found the connection's queue full. The log has the end of the connection, if that is what comes of it.</summary>
    /// <param name="lease">The connection.</param>
    /// <param name="policy">What was done.</param>
    /// <param name="channel">Whose message found no room.</param>
    /// <param name="dropped">Messages dropped for it so far.</param>
    public void Slow(ConnectionLease lease, string policy, ChannelName channel, long dropped) => recent.Slow(lease, policy, channel, dropped);

    void ITickHandler.OnTick(long now)
    {
        List<(string Event, int Code, int LeftOut)> leftOut;
        lock (_gate)
        {
            if (now - _window < WindowMilliseconds)
                return;
            _window = now;
            leftOut = [.. _lines.Where(pair => pair.Value > LinesPerSecond).Select(pair => (pair.Key.Event, pair.Key.Code, pair.Value - LinesPerSecond))];
            _lines.Clear();
        }
        foreach (var (name, code, count) in leftOut)
            LogLeftOut(log, count, name, code);
    }

    private bool MayWrite(string name, int code)
    {
        if (!log.IsEnabled(LogLevel.Information))
            return false;
        lock (_gate)
        {
            int lines = _lines.GetValueOrDefault((name, code)) + 1;
            _lines[(name, code)] = lines;
            return lines <= LinesPerSecond;
        }
    }

    /// <summary>A user id comes from a token, and may hold what would look like a line of its own.</summary>
    private static string User(ConnectionLease lease) =>
        lease.User is not { } user ? "-" : user.Any(char.IsControl) ? new string([.. user.Select(letter => char.IsControl(letter) ? '?' : letter)]) : user;

    [LoggerMessage(100, LogLevel.Information, "Connection {Connection} of {User} from {Address} opened.")]
    private static partial void LogConnected(ILogger log, string connection, string user, IPAddress address);

    [LoggerMessage(101, LogLevel.Information, "Connection {Connection} of {User} from {Address} ended with {Code}: {Reason}.")]
    private static partial void LogDisconnected(ILogger log, string connection, string user, IPAddress address, int code, string reason);

    [LoggerMessage(102, LogLevel.Information, "Upgrade from {Address} refused with {Status}: {Reason}.")]
    private static partial void LogRefused(ILogger log, IPAddress address, int status, string reason);

    [LoggerMessage(103, LogLevel.Information, "Connection from {Address} cut: {Reason}.")]
    private static partial void LogCut(ILogger log, IPAddress? address, AbortReason reason);

    [LoggerMessage(104, LogLevel.Information, "{Count} more were {Event} ({Code}) within a second.")]
    private static partial void LogLeftOut(ILogger log, int count, string @event, int code);
}
