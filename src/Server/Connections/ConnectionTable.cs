using System.Collections.Concurrent;
using Gateway.Server.Clock;

namespace Gateway.Server.Connections;

/// <summary>The open connections of this node, by id. Safe for any thread.</summary>
internal sealed class ConnectionTable : ITickHandler
{
    private readonly ConcurrentDictionary<string, Connection> _connections = new(StringComparer.Ordinal);

    private long _changes;

    public int Count => _connections.Count;

    /// <summary>How many connections have come and gone: each counts twice in the end.</summary>
    public long Changes => Volatile.Read(ref _changes);

    public bool IsEmpty => _connections.IsEmpty;

    public void Add(Connection connection)
    {
        _connections[connection.Id] = connection;
        Interlocked.Increment(ref _changes);
    }

    public void Remove(Connection connection)
    {
        if (_connections.TryRemove(connection.Id, out _))
            Interlocked.Increment(ref _changes);
    }

    public Connection? Find(string id) => _connections.GetValueOrDefault(id);

    /// <summary>Those open at some moment during the call.</summary>
    public IEnumerable<Connection> All() => _connections.Select(pair => pair.Value);

    void ITickHandler.OnTick(long now)
    {
        foreach (var (_, connection) in _connections)
            connection.OnTick(now);
    }
}
