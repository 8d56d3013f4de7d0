namespace Gateway.Server.Channels;

/// <summary>
/// Changed under the channel's lock, iterated by its fan-out without. Subscriptions in an array with holes: adding and removing
/// are constant time and move nothing, so an iteration over <see cref="Snapshot"/> never misses or doubles an entry.
/// </summary>
internal sealed class SubscriberSlots
{
    private Subscription?[] _slots = new Subscription?[1];
    private int[] _free = [];
    private int _freeCount;
    private int _used;

    public int Count => _used - _freeCount;

    /// <summary>The slots as they are now. Entries may turn null or be filled meanwhile; a filled one starts with a later batch.</summary>
    public ReadOnlySpan<Subscription?> Snapshot => new(_slots, 0, _used);

    public void Add(Subscription subscription)
    {
        if (_freeCount > 0)
            subscription.Slot = _free[--_freeCount];
        else
        {
            if (_used == _slots.Length)
                Array.Resize(ref _slots, 2 * _used);
            subscription.Slot = _used++;
        }
        // A release store, by the runtime's memory model: who sees the entry sees its fields.
        _slots[subscription.Slot] = subscription;
    }

    public void Remove(Subscription subscription)
    {
        _slots[subscription.Slot] = null;
        if (_freeCount == _free.Length)
            Array.Resize(ref _free, Math.Max(4, 2 * _freeCount));
        _free[_freeCount++] = subscription.Slot;
        subscription.Slot = -1;
        if (_slots.Length >= 64 && Count <= _slots.Length / 4)
            Compact();
    }

    /// <summary>After most have left, moves the rest to a new, smaller array; iterations go on over the old one.</summary>
    private void Compact()
    {
        var compact = new Subscription?[Math.Max(1, 2 * Count)];
        int next = 0;
        foreach (var subscription in Snapshot)
        {
            if (subscription is null)
                continue;
            subscription.Slot = next;
            compact[next++] = subscription;
        }
        _slots = compact;
        _used = next;
        _free = [];
        _freeCount = 0;
    }
}
