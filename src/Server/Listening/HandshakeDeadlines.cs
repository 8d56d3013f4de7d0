using System.Collections.Concurrent;
using Gateway.Server.Audit;
using Gateway.Server.Clock;
using Gateway.Server.Listening.EventLoop;
using Gateway.Server.Metrics;
using Gateway.Server.Options;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Listening;

/// <summary>
/// Ends connections whose request head is not complete within <c>Limits:Handshake</c>, by the one clock. Safe for any thread.
/// </summary>
internal sealed class HandshakeDeadlines(GatewayOptions options, GatewayClock clock, AuditLog audit) : ITickHandler
{
    private readonly ConcurrentDictionary<Deadline, byte> _pending = new();
    private readonly long _milliseconds = (long)options.Limits.Handshake.TotalMilliseconds;

    private readonly Lock _gate = new();

    /// <summary>
    /// Connections of event loops. Those that are decided leave with the next tick, and with them the list: what a storm needed is not
    /// kept.
    /// </summary>
    private List<(LoopConnection Connection, long At)> _accepted = [];

    /// <summary>Connections whose request head has not come yet.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _pending.Count + _accepted.Count(entry => entry.Connection.IsPeeking);
        }
    }

    /// <summary>Starts the time of a connection; dispose the result when its head has come.</summary>
    public Deadline Start(ConnectionContext connection)
    {
        var deadline = new Deadline(this, connection, clock.Now + _milliseconds);
        _pending[deadline] = 0;
        return deadline;
    }

    /// <summary>Starts the time of an event loop's connection, which ends when the connection has stopped to peek.</summary>
    public void Start(LoopConnection connection)
    {
        lock (_gate)
            _accepted.Add((connection, clock.Now + _milliseconds));
    }

    void ITickHandler.OnTick(long now)
    {
        foreach (var late in TakeLate(now))
        {
            audit.Aborted(late.Peer, AbortReason.HandshakeTimeout);
            late.Close();
        }
        foreach (var (deadline, _) in _pending)
            deadline.Check(now);
    }

    private List<LoopConnection> TakeLate(long now)
    {
        List<LoopConnection> late = [];
        lock (_gate)
        {
            if (_accepted.Count == 0)
                return late;
            List<(LoopConnection Connection, long At)> undecided = [];
            foreach (var accepted in _accepted)
            {
                if (!accepted.Connection.IsPeeking)
                    continue;
                if (now < accepted.At)
                    undecided.Add(accepted);
                else
                    late.Add(accepted.Connection);
            }
            _accepted = undecided;
            return late;
        }
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
