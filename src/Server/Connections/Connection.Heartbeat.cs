using System.Diagnostics;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Metrics;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Connections;

/// <content>What the one clock does for a connection at each tick.</content>
internal sealed partial class Connection
{
    private static readonly ConnectionAbortedException CloseTimedOut = new("The peer did not take the end of the connection in time.");

    private long _lastReceived;
    private long _pinged;
    private long _relieved;
    private long _asked;
    private bool _isHeld;

    /// <summary>Whether the handler waits for somebody else.</summary>
    public bool IsHeartbeatPaused => Volatile.Read(ref _isHeld);

    /// <summary>The handler begins to wait for somebody else. What the client sends meanwhile is unread, so its silence is not its own. For the read loop.</summary>
    public void PauseHeartbeat() => Volatile.Write(ref _isHeld, true);

    /// <summary>The handler does not wait any more.</summary>
    public void ResumeHeartbeat()
    {
        _lastReceived = _services.Clock.Now;
        Volatile.Write(ref _isHeld, false);
    }

    /// <summary>Called by the clock.</summary>
    /// <param name="now">Milliseconds on the clock.</param>
    public void OnTick(long now)
    {
        switch (_phase)
        {
            case Phase.Open:
                Beat(now);
                _handler.OnTick(now);
                break;
            case Phase.AwaitingAnswer when IsLate:
                _transport.Transport.Input.CancelPendingRead();
                break;
            case Phase.Finishing when IsLate:
                _transport.Abort(CloseTimedOut);
                Writer.Abort();
                break;
        }
    }

    private void Beat(long now)
    {
        var heartbeat = _services.Options.Heartbeat;
        if (IsDelayed || IsHeartbeatPaused)
            return;
        // By what came since the ping, not by how long ago it came: the next tick may be later than the next ping is due.
        if (_lastReceived >= _pinged)
            _pinged = 0;
        if (_pinged == 0)
        {
            if (now - _lastReceived < heartbeat.Ping.TotalMilliseconds)
                return;
            _pinged = now;
            _relieved = Writer.Relieved;
            Volatile.Write(ref _asked, Stopwatch.GetTimestamp());
            Writer.Ping();
        }
        else if (_relieved != Writer.Relieved)
        {
            // A slow client that still takes bytes is alive; its pong may be unread because its own requests are being answered first.
            _pinged = now;
            _relieved = Writer.Relieved;
        }
        else if (now - _pinged >= heartbeat.PongTimeout.TotalMilliseconds)
        {
            RequestClose(CloseRequest.NoPong);
        }
    }

    /// <summary>On the read loop. A stream's pongs are our own, and a client may send some that nobody asked for.</summary>
    private void Answered()
    {
        long asked = Interlocked.Exchange(ref _asked, 0);
        if (asked != 0 && Lease.Transport == TransportKind.WebSocket)
            _services.Metrics.Answered(Stopwatch.GetElapsedTime(asked));
    }
}
