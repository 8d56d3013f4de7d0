using System.Collections.Concurrent;
using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.Server.Options;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Server.Listening;

/// <summary>
/// The plain HTTP connections of the public port, each closed when it has been without a request for <c>Limits:IdleHttp</c>, by the one
/// clock. Safe for any thread. Kestrel's own timeout is one for all ports, and on the operator's port it should be longer than backends
/// keep their connections.
/// </summary>
internal sealed class IdleHttp(GatewayOptions options, GatewayClock clock) : ITickHandler
{
    private readonly ConcurrentDictionary<HttpActivity, byte> _connections = new();
    private readonly long _milliseconds = (long)options.Limits.IdleHttp.TotalMilliseconds;

    /// <summary>Connections that are watched.</summary>
    public int Count => _connections.Count;

    /// <summary>Watches a connection; dispose the result when it has ended.</summary>
    public HttpActivity Start(ConnectionContext connection)
    {
        var activity = new HttpActivity(this, connection);
        _connections[activity] = 0;
        return activity;
    }

    void ITickHandler.OnTick(long now)
    {
        foreach (var (activity, _) in _connections)
            activity.Check(now);
    }

    /// <summary>
    /// Whether a request of one connection is under way. A feature of the connection, for the first code that sees a request.
    /// </summary>
    internal sealed class HttpActivity : IDisposable
    {
        private const long Never = long.MaxValue;

        private readonly IdleHttp _owner;
        private readonly ConnectionContext _connection;
        private long _end;

        public HttpActivity(IdleHttp owner, ConnectionContext connection)
        {
            (_owner, _connection) = (owner, connection);
            EndRequest();
        }

        public void BeginRequest() => Volatile.Write(ref _end, Never);

        public void EndRequest() => Volatile.Write(ref _end, _owner.NextEnd);

        /// <summary>Kestrel is asked, not told: a request that has just come is still answered, with <c>Connection: close</c>.</summary>
        public void Check(long now)
        {
            if (now < Volatile.Read(ref _end))
                return;
            Volatile.Write(ref _end, Never);
            _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }

        public void Dispose() => _owner._connections.TryRemove(this, out _);
    }

    private long NextEnd => clock.Now + _milliseconds;
}
