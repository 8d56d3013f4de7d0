using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>Safe for any thread: the read loop changes it, and a gap found elsewhere, or the clock, ends a subscription. What one session is subscribed to; an index is kept only by those with many.</summary>
internal sealed class ClientSubscriptions
{
    /// <summary>Up to here, looking through an array is as fast as a dictionary and a fraction of its size.</summary>
    private const int IndexedFrom = 32;

    private Subscription[] _items = [];
    private Dictionary<ChannelName, Subscription>? _index;
    private int _count;
    private long _nextExpiry = Subscription.Unlimited;
    private bool _isClosed;

    public int Count
    {
        get
        {
            lock (this)
                return _count;
        }
    }

    /// <summary>Whether the connection is over, and with it every subscription.</summary>
    public bool IsClosed
    {
        get
        {
            lock (this)
                return _isClosed;
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

    /// <returns>False when there are as many as there may be, or the list is closed.</returns>
    public bool TryAdd(Subscription subscription, int max)
    {
        lock (this)
        {
            if (_count >= max || _isClosed)
                return false;
            if (_count == _items.Length)
                Array.Resize(ref _items, Math.Max(1, 2 * _count));
            _items[_count++] = subscription;
            if (_index is not null)
                _index.Add(subscription.Channel.Name, subscription);
            else if (_count == IndexedFrom)
                _index = _items.ToDictionary(item => item.Channel.Name, ChannelNameComparer.Instance);
            return true;
        }
    }

    /// <summary>Takes out everything, and takes nothing more.</summary>
    public Subscription[] Close()
    {
        lock (this)
        {
            var all = _items.AsSpan(0, _count).ToArray();
            (_items, _index, _count, _isClosed) = ([], null, 0, true);
            return all;
        }
    }

    /// <returns>False when it is not, or no longer, in the list.</returns>
    public bool Remove(Subscription subscription)
    {
        lock (this)
        {
            int at = Array.IndexOf(_items, subscription, 0, _count);
            if (at >= 0)
                RemoveAt(at);
            return at >= 0;
        }
    }

    /// <summary>Lets a subscription last until another time.</summary>
    /// <returns>False when it is no longer in the list: it may just have expired.</returns>
    public bool TryRenew(Subscription subscription, long expires)
    {
        lock (this)
        {
            if (Array.IndexOf(_items, subscription, 0, _count) < 0)
                return false;
            subscription.Expires = expires;
            _nextExpiry = Math.Min(_nextExpiry, expires);
            return true;
        }
    }

    /// <summary>Takes out what has expired, all in one step, so that a renewal comes either before or after it.</summary>
    /// <param name="now">In Unix seconds.</param>
    public List<Subscription>? RemoveExpired(long now)
    {
        // A glance, as most of the time nothing has: every connection is asked at every tick.
        if (Volatile.Read(ref _nextExpiry) > now)
            return null;
        lock (this)
        {
            var expired = new List<Subscription>();
            _nextExpiry = Subscription.Unlimited;
            for (int at = _count - 1; at >= 0; at--)
            {
                if (_items[at].Expires <= now)
                {
                    expired.Add(_items[at]);
                    RemoveAt(at);
                }
                else
                {
                    _nextExpiry = Math.Min(_nextExpiry, _items[at].Expires);
                }
            }
            return expired;
        }
    }

    private void RemoveAt(int at)
    {
        _index?.Remove(_items[at].Channel.Name);
        _items[at] = _items[--_count];
        _items[_count] = null!;
    }

    public Subscription[] Snapshot()
    {
        lock (this)
            return _items.AsSpan(0, _count).ToArray();
    }
}
