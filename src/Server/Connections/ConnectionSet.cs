using Gateway.Server.Naming;

namespace Gateway.Server.Connections;

/// <summary>
/// Connections by their ids, with when each is to be visited: a hash table that holds nothing else, because it is memory of every idle
/// connection. Safe for any thread.
/// </summary>
/// <remarks>
/// Open addressing with linear probing. Ids are random bits, so that they are their own hash. A removed entry leaves no mark: those
/// behind it move up where they belong there. The times stand side by side: looking at the connections themselves to find the few whose
/// time has come would be most of what idle connections cost.
/// </remarks>
internal sealed class ConnectionSet
{
    private const int FewestSlots = 4;

    /// <summary>
    /// The bit of a time that says that <see cref="Hasten"/> has set it, perhaps during a visit. All other times are even.
    /// </summary>
    private const uint Hastened = 1;

    private readonly Lock _gate = new();
    private Connection?[] _slots = new Connection?[FewestSlots];

    /// <summary>
    /// When to visit the connection of each slot: the low bits of the clock's milliseconds, which go round after 49 days.
    /// </summary>
    private uint[] _times = new uint[FewestSlots];

    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <param name="connection">One that is not there.</param>
    /// <param name="time">When to visit it, in the clock's milliseconds.</param>
    public void Add(Connection connection, long time)
    {
        lock (_gate)
        {
            // At most three quarters full; the table grows by half, so that it is half full at least.
            if (4 * (_count + 1) > 3 * _slots.Length)
                Resize(_slots.Length + (_slots.Length / 2));
            Put(connection, (uint)time & ~Hastened);
            _count++;
        }
    }

    /// <returns>Whether it was there.</returns>
    public bool Remove(Connection connection)
    {
        lock (_gate)
        {
            int hole = SlotOf(connection.Id);
            if (_slots[hole] is null)
                return false;
            _slots[hole] = null;
            _count--;
            for (int at = Next(hole); _slots[at] is { } moved; at = Next(at))
            {
                // An entry may fill the hole unless its own place lies between the two.
                int home = HomeOf(moved.Id);
                if (hole <= at ? hole < home && home <= at : hole < home || home <= at)
                    continue;
                (_slots[hole], _slots[at]) = (moved, null);
                _times[hole] = _times[at];
                hole = at;
            }
            if (_slots.Length > FewestSlots && 4 * _count < _slots.Length)
                Resize(Math.Max(FewestSlots, 2 * _count));
            return true;
        }
    }

    public Connection? Find(ConnectionId id)
    {
        lock (_gate)
            return _slots[SlotOf(id)];
    }

    /// <summary>Copies those whose time has come into an array, which is made larger if need be.</summary>
    /// <returns>How many.</returns>
    public int CopyDueTo(ref Connection[] connections, long now)
    {
        lock (_gate)
        {
            if (connections.Length < _count)
                connections = new Connection[_slots.Length];
            int copied = 0;
            for (int slot = 0; slot < _slots.Length; slot++)
            {
                if ((int)((uint)now - _times[slot]) < 0 || _slots[slot] is not { } connection)
                    continue;
                _times[slot] &= ~Hastened;
                connections[copied++] = connection;
            }
            return copied;
        }
    }

    /// <summary>The connection is not visited again before a time, unless it was hastened since it was copied as due.</summary>
    public void Postpone(Connection connection, long time)
    {
        lock (_gate)
        {
            int slot = SlotOf(connection.Id);
            if ((_times[slot] & Hastened) == 0)
                _times[slot] = (uint)time & ~Hastened;
        }
    }

    /// <summary>The connection is visited at the next opportunity.</summary>
    public void Hasten(Connection connection, long now)
    {
        // An odd time that has come already.
        lock (_gate)
            _times[SlotOf(connection.Id)] = ((uint)now & ~Hastened) - 1;
    }

    /// <summary>All that are there now.</summary>
    public Connection[] ToArray()
    {
        lock (_gate)
            return [.. _slots.OfType<Connection>()];
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

    private void Put(Connection connection, uint time)
    {
        int slot = SlotOf(connection.Id);
        _slots[slot] = connection;
        _times[slot] = time;
    }

    private void Resize(int slots)
    {
        var (before, times) = (_slots, _times);
        _slots = new Connection?[slots];
        _times = new uint[slots];
        for (int slot = 0; slot < before.Length; slot++)
        {
            if (before[slot] is { } connection)
                Put(connection, times[slot]);
        }
    }
}
