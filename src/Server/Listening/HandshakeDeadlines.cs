using System.Collections.Concurrent;
using Gateway.Server.Clock;
using Gateway.Server.Options;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Listening;

/// <summary>
/// Cuts connections whose request head is not complete within <c>Limits:Handshake</c>, by the one clock. Safe for any thread.
/// </summary>
internal sealed class HandshakeDeadlines(GatewayOptions options, GatewayClock clock) : ITickHandler
{
    private readonly ConcurrentDictionary<Deadline, byte> _pending = new();
    private readonly long _milliseconds = (long)options.Limits.Handshake.TotalMilliseconds;

    /// <summary>Connections whose request head has not come yet.</summary>
    public int Count => _pending.Count;

    /// <summary>Starts the time of a connection; dispose the result when its head has come.</summary>
    public Deadline Start(ConnectionContext connection)
    {
        var deadline = new Deadline(this, connection, clock.Now + _milliseconds);
        _pending[deadline] = 0;
        return deadline;
    }

    void ITickHandler.OnTick(long now)
    {
        foreach (var (deadline, _) in _pending)
            deadline.Check(now);
    }

    internal sealed class Deadline(HandshakeDeadlines owner, ConnectionContext connection, long at) : IDisposable
    {
        private volatile bool _passed;

        /// <summary>Whether the connection is to be given up: a read that returns has been cancelled.</summary>
        public bool HasPassed => _passed;

        public void Check(long now)
        {
            if (now < at)
                return;
            _passed = true;
            connection.Transport.Input.CancelPendingRead();
        }

        public void Dispose() => owner._pending.TryRemove(this, out _);
    }
}
