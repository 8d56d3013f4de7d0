using Gateway.Server.Naming;

namespace Gateway.Server.Connections;

/// <summary>
/// Connections by their ids: a hash table that holds nothing but references, because it is memory of every idle connection. Safe for any
/// thread.
/// </summary>
/// <remarks>
/// Open addressing with linear probing. Ids are random bits, so that they are their own hash. A removed entry leaves no mark: those
/// behind it move up where they belong there.
/// </remarks>
internal sealed class ConnectionSet
{
    private const int FewestSlots = 4;

    private readonly Lock _gate = new();
    private Connection?[] _slots = new Connection?[FewestSlots];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public void Add(Connection connection)
    {
        lock (_gate)
        {
            // At most three quarters full; the table grows by half, so that it is half full at least.
            if (4 * (_count + 1) > 3 * _slots.Length)
                Resize(_slots.Length + (_slots.Length / 2));
            Put(connection);
            _count++;
        }
    }

    /// <summary>Harmless where the connection is not there.</summary>
    public void Remove(Connection connection)
    {
        lock (_gate)
        {
            int hole = SlotOf(connection.Id);
            if (_slots[hole] is null)
                return;
            _slots[hole] = null;
            _count--;
            for (int at = Next(hole); _slots[at] is { } moved; at = Next(at))
            {
                // An entry may fill the hole unless its own place lies between the two.
                int home = HomeOf(moved.Id);
                if (hole <= at ? hole < home && home <= at : hole < home || home <= at)
                    continue;
                (_slots[hole], _slots[at]) = (moved, null);
                hole = at;
            }
            if (_slots.Length > FewestSlots && 4 * _count < _slots.Length)
                Resize(Math.Max(FewestSlots, 2 * _count));
        }
    }

    public Connection? Find(ConnectionId id)
    {
        lock (_gate)
            return _slots[SlotOf(id)];
    }

    /// <summary>Copies all that are there now into an array, which is made larger if need be.</summary>
    /// <returns>How many.</returns>
    public int CopyTo(ref Connection[] connections)
    {
        lock (_gate)
        {
            if (connections.Length < _count)
                connections = new Connection[_slots.Length];
            int copied = 0;
            foreach (var connection in _slots)
            {
                if (connection is not null)
                    connections[copied++] = connection;
            }
            return copied;
        }
    }

    public Connection[] ToArray()
    {
        Connection[] all = [];
        int count = CopyTo(ref all);
        return all[..count];
    }

    // What follows is called with the lock held.

    private int HomeOf(ConnectionId id) => id.Slot(_slots.Length);

    private int Next(int slot) => slot + 1 == _slots.Length ? 0 : slot + 1;

    /// <summary>Where the connection of the id is, or would be.</summary>
    private int SlotOf(ConnectionId id)
    {
        int slot = HomeOf(id);
        while (_slots[slot] is { } other && other.Id != id)
            slot = Next(slot);
        return slot;
    }

    private void Put(Connection connection) => _slots[SlotOf(connection.Id)] = connection;

    private void Resize(int slots)
    {
        var before = _slots;
        _slots = new Connection?[slots];
        foreach (var connection in before)
        {
            if (connection is not null)
                Put(connection);
        }
    }
}
