using System.Net;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Clock;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;

namespace Gateway.Server.Audit;

/// <summary>
/// Counts and logs the connections that came, were refused and ended, and why. Safe for any thread. Of one kind, an event with its status
/// or code, at most <see cref="LinesPerSecond"/> are written a second, and then one line with the number of those left out. No line has a
/// token or a query in it, and of the client's own words only its user id.
/// </summary>
internal sealed partial class AuditLog(GatewayMetrics metrics, RecentEvents recent, ILoggerFactory logs) : ITickHandler
{
    /// <summary>The category that docs/operations.md promises.</summary>
    public const string LogCategory = "Gateway.Diagnostics.Audit";

    public const int LinesPerSecond = 10;

    private const long WindowMilliseconds = 1_000;

    private readonly ILogger _log = logs.CreateLogger(LogCategory);
    private readonly Lock _gate = new();
    private readonly Dictionary<(string Event, int Code), int> _lines = [];
    private long _window;

    public void Connected(in AuditedConnection connection)
    {
        metrics.Connected(connection.Transport);
        if (MayWrite("connected", 0))
            LogConnected(_log, connection.Id, Printable(connection.User), connection.Address);
    }

    /// <param name="connection">The connection.</param>
    /// <param name="code">The code of the close frame; 1006 where there was none.</param>
    /// <param name="reason">Why the gateway ended the connection; null where the client did.</param>
    public void Disconnected(in AuditedConnection connection, int code, string? reason)
    {
        metrics.Disconnected(connection.Transport, code);
        if (!MayWrite("disconnected", code))
            return;
        reason ??= code == 1006 ? "the client vanished" : "the client closed";
        LogDisconnected(_log, connection.Id, Printable(connection.User), connection.Address, code, reason);
    }

    /// <summary>An upgrade that was answered with an HTTP error.</summary>
    public void Refused(IPAddress address, HandshakeRefusal refusal)
    {
        metrics.Refused(refusal);
        recent.Refused(address, refusal);
        if (MayWrite("refused", refusal.StatusCode))
            LogRefused(_log, address, refusal.StatusCode, refusal.Message);
    }

    /// <summary>A connection that was ended before its request had come, in time and well-formed.</summary>
    public void Aborted(EndPoint? peer, AbortReason reason)
    {
        var address = (peer as IPEndPoint)?.Address;
        metrics.Aborted(reason);
        recent.Aborted(address, reason);
        if (MayWrite("cut", (int)reason))
            LogCut(_log, address, reason);
    }

    /// <summary>A delivery found the connection's queue full. Where the connection is closed for it, its end is logged.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="policy">The policy that was applied.</param>
    /// <param name="channel">The channel of the message that found no room.</param>
    /// <param name="dropped">Messages dropped for this connection so far.</param>
    public void Slow(in AuditedConnection connection, string policy, ChannelName channel, long dropped) =>
        recent.Slow(connection, policy, channel, dropped);

    void ITickHandler.OnTick(long now)
    {
        List<(string Event, int Code, int LeftOut)> leftOut;
        lock (_gate)
        {
            if (now - _window < WindowMilliseconds)
                return;
            _window = now;
            leftOut =
            [
                .. _lines.Where(pair => pair.Value > LinesPerSecond)
                    .Select(pair => (pair.Key.Event, pair.Key.Code, pair.Value - LinesPerSecond)),
            ];
            _lines.Clear();
        }
        foreach (var (name, code, count) in leftOut)
            LogLeftOut(_log, count, name, code);
    }

    private bool MayWrite(string name, int code)
    {
        if (!_log.IsEnabled(LogLevel.Information))
            return false;
        lock (_gate)
        {
            int lines = _lines.GetValueOrDefault((name, code)) + 1;
            _lines[(name, code)] = lines;
            return lines <= LinesPerSecond;
        }
    }

    /// <summary>A user id comes from a token, and may hold a line break that would begin a forged line.</summary>
    private static string Printable(string? user) =>
        user is null ? "-" : user.Any(char.IsControl) ? string.Concat(user.Select(letter => char.IsControl(letter) ? '?' : letter)) : user;

    [LoggerMessage(100, LogLevel.Information, "Connection {Connection} of {User} from {Address} opened.")]
    private static partial void LogConnected(ILogger log, ConnectionId connection, string user, IPAddress address);

    [LoggerMessage(101, LogLevel.Information, "Connection {Connection} of {User} from {Address} ended with {Code}: {Reason}.")]
    private static partial void LogDisconnected(
        ILogger log, ConnectionId connection, string user, IPAddress address, int code, string reason);

    [LoggerMessage(102, LogLevel.Information, "Upgrade from {Address} refused with {Status}: {Reason}.")]
    private static partial void LogRefused(ILogger log, IPAddress address, int status, string reason);

    [LoggerMessage(103, LogLevel.Information, "Connection from {Address} cut: {Reason}.")]
    private static partial void LogCut(ILogger log, IPAddress? address, AbortReason reason);

    [LoggerMessage(104, LogLevel.Information, "{Count} more were {Event} ({Code}) within a second.")]
    private static partial void LogLeftOut(ILogger log, int count, string @event, int code);
}
