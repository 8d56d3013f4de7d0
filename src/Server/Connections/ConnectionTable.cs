using Gateway.Server.Clock;
using Gateway.Server.Naming;

namespace Gateway.Server.Connections;

/// <summary>The open connections of this node, by id. Safe for any thread.</summary>
/// <remarks>Divided, so that the clock needs to hold no more than a part of them at a time.</remarks>
internal sealed class ConnectionTable : ITickHandler
{
    private const int Parts = 64;

    private readonly ConnectionSet[] _parts = [.. Enumerable.Range(0, Parts).Select(_ => new ConnectionSet())];
    private Connection[] _visited = [];
    private long _changes;

    public int Count => _parts.Sum(part => part.Count);

    /// <summary>How many connections have come and gone: each counts twice in the end.</summary>
    public long Changes => Volatile.Read(ref _changes);

    public bool IsEmpty => _parts.All(part => part.Count == 0);

    public void Add(Connection connection)
    {
        PartOf(connection.Id).Add(connection, connection.Opened);
        Interlocked.Increment(ref _changes);
    }

    public void Remove(Connection connection)
    {
        if (PartOf(connection.Id).Remove(connection))
            Interlocked.Increment(ref _changes);
    }

    /// <param name="id">The text of an id, or any other.</param>
    public Connection? Find(string id) => ConnectionId.TryParse(id) is { } parsed ? PartOf(parsed).Find(parsed) : null;

    /// <summary>Has the clock look at the connection with its next tick: it has a new deadline.</summary>
    /// <param name="connection">The connection; harmless where it is not there.</param>
    /// <param name="now">Milliseconds on the clock.</param>
    public void Hasten(Connection connection, long now) => PartOf(connection.Id).Hasten(connection, now);

    /// <summary>Those open at some moment during the call.</summary>
    public IEnumerable<Connection> All() => _parts.SelectMany(part => part.ToArray());

    void ITickHandler.OnTick(long now)
    {
        foreach (var part in _parts)
        {
            int count = part.CopyDueTo(ref _visited, now);
            foreach (var connection in _visited.AsSpan(0, count))
                part.Postpone(connection, connection.OnTick(now));
            // A connection that has ended is not kept by this.
            _visited.AsSpan(0, count).Clear();
        }
    }

    private ConnectionSet PartOf(ConnectionId id) => _parts[id.Shard(Parts)];
}
