using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// The subscriptions of one session, and how they end. Safe for any thread: the read loop changes it, and a gap found elsewhere, the clock
/// or a new token ends a subscription.
/// </summary>
/// <remarks>
/// Only a session with many subscriptions keeps an index. The lock is the object itself, of which there is one per connection.
/// </remarks>
internal sealed partial class ClientSubscriptions(ChannelSession session)
{
    /// <summary>Up to this many, looking through an array is as fast as a dictionary and a fraction of its size.</summary>
    private const int IndexedFrom = 32;

    /// <summary>Takes the place of the items when the connection is over: a mark, never looked into.</summary>
    private static readonly ClientSubscription[] Closed = [null!];

    private ClientSubscription[] _items = [];
    private Dictionary<ChannelName, ClientSubscription>? _index;
    private int _count;
    private uint _nextExpiry = uint.MaxValue;

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
                return ReferenceEquals(_items, Closed);
        }
    }

    public ClientSubscription? Find(ReadOnlySpan<byte> channel)
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

    /// <returns>False when there are as many as there may be, or the connection is over.</returns>
    public bool TryAdd(ClientSubscription subscription, int max)
    {
        lock (this)
        {
            if (_count >= max || ReferenceEquals(_items, Closed))
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

    /// <summary>Takes out everything, and lets nothing more in.</summary>
    private ClientSubscription[] TakeAll()
    {
        lock (this)
        {
            var all = _items.AsSpan(0, _count).ToArray();
            (_items, _index, _count) = (Closed, null, 0);
            return all;
        }
    }

    /// <returns>False when it is not, or no longer, in the list.</returns>
    private bool Remove(ClientSubscription subscription)
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
    public bool TryRenew(ClientSubscription subscription, long expires)
    {
        lock (this)
        {
            if (Array.IndexOf(_items, subscription, 0, _count) < 0)
                return false;
            subscription.Expires = expires;
            _nextExpiry = Math.Min(_nextExpiry, (uint)subscription.Expires);
            return true;
        }
    }

    /// <summary>Takes out those that have expired, all in one step, so that a renewal comes either before or after it.</summary>
    /// <param name="now">In Unix seconds.</param>
    /// <returns>Null for none.</returns>
    private List<ClientSubscription>? RemoveExpired(long now)
    {
        // Read without the lock, as every connection looks at every tick and mostly finds nothing.
        if (Volatile.Read(ref _nextExpiry) > now)
            return null;
        lock (this)
        {
            var expired = new List<ClientSubscription>();
            _nextExpiry = uint.MaxValue;
            for (int at = _count - 1; at >= 0; at--)
            {
                if (_items[at].Expires <= now)
                {
                    expired.Add(_items[at]);
                    RemoveAt(at);
                }
                else
                {
                    _nextExpiry = Math.Min(_nextExpiry, (uint)_items[at].Expires);
                }
            }
            return expired;
        }
    }

    /// <summary>
    /// Has snapshots sent in the place of presence that was dropped, now that the writer has room again. From any thread, without locks.
    /// </summary>
    public void RestorePresence()
    {
        foreach (var subscription in Snapshot())
        {
            if (subscription.PresenceVersion == Channels.Subscription.LostPresence)
                subscription.Channel.WantPresence();
        }
    }

    private void RemoveAt(int at)
    {
        _index?.Remove(_items[at].Channel.Name);
        _items[at] = _items[--_count];
        _items[_count] = null!;
    }

    public ClientSubscription[] Snapshot()
    {
        lock (this)
            return _items.AsSpan(0, _count).ToArray();
    }
}
