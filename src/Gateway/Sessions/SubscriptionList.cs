using Gateway.Channels;

namespace Gateway.Sessions;

/// <summary>Safe for any thread: the read loop changes it, and a gap found elsewhere ends a subscription. What one session is subscribed to; an index is kept only by those with many.</summary>
internal sealed class SubscriptionList
{
    /// <summary>Up to here, looking through an array is as fast as a dictionary and a fraction of its size.</summary>
    private const int IndexedFrom = 32;

    private Subscription[] _items = [];
    private Dictionary<ChannelName, Subscription>? _index;
    private int _count;

    public int Count
    {
        get
        {
            lock (this)
                return _count;
        }
    }

    public Subscription? Find(ReadOnlySpan<byte> channel)
    {
        lock (this)
        {
            if (_index is not null)
                return _index.GetAlternateLookup<ReadOnlySpan<byte>>().TryGetValue(channel, out var indexed) ? indexed : null;
            foreach (var item in _items.AsSpan(0, _count))
            {
                if (item.Channel.Name.Is(channel))
                    return item;
            }
            return null;
        }
    }

    public void Add(Subscription subscription)
    {
        lock (this)
        {
            if (_count == _items.Length)
                Array.Resize(ref _items, Math.Max(1, 2 * _count));
            _items[_count++] = subscription;
            if (_index is not null)
                _index.Add(subscription.Channel.Name, subscription);
            else if (_count == IndexedFrom)
                _index = _items.ToDictionary(item => item.Channel.Name, ChannelNameComparer.Instance);
        }
    }

    /// <returns>False when it is not, or no longer, in the list.</returns>
    public bool Remove(Subscription subscription)
    {
        lock (this)
        {
            int at = Array.IndexOf(_items, subscription, 0, _count);
            if (at < 0)
                return false;
            _index?.Remove(subscription.Channel.Name);
            _items[at] = _items[--_count];
            _items[_count] = null!;
            return true;
        }
    }

    public Subscription[] Snapshot()
    {
        lock (this)
            return _items.AsSpan(0, _count).ToArray();
    }
}
