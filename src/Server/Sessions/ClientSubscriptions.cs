using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
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

    /// <summary>Takes the place of the subscriptions when the connection is over.</summary>
    private static readonly object Closed = new();

    /// <summary>One subscription is kept itself, more in an array: most connections have one, and hold 32 bytes less.</summary>
    private object? _items;

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
            foreach (var item in Items)
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
            Append(subscription);
            if (_index is not null)
                _index.Add(subscription.Channel.Name, subscription);
            else if (_count == IndexedFrom)
                _index = Items.ToArray().ToDictionary(item => item.Channel.Name, ChannelNameComparer.Instance);
            return true;
        }
    }

    /// <summary>Takes out everything, and lets nothing more in.</summary>
    private ClientSubscription[] TakeAll()
    {
        lock (this)
        {
            var all = Items.ToArray();
            (_items, _index, _count) = (Closed, null, 0);
            return all;
        }
    }

    /// <returns>False when it is not, or no longer, in the list.</returns>
    private bool Remove(ClientSubscription subscription)
    {
        lock (this)
        {
            int at = IndexOf(subscription);
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
            if (IndexOf(subscription) < 0)
                return false;
            subscription.Expires = expires;
            _nextExpiry = Math.Min(_nextExpiry, (uint)subscription.Expires);
            session.Connection.Hasten();
            return true;
        }
    }

    /// <summary>Takes out those that have expired, all in one step, so that a renewal comes either before or after it.</summary>
    /// <param name="now">In Unix seconds.</param>
    /// <returns>Null for none.</returns>
    private List<ClientSubscription>? RemoveExpired(long now)
    {
        // Read without the lock, as every connection looks and mostly finds nothing.
        if (Volatile.Read(ref _nextExpiry) > now)
            return null;
        lock (this)
        {
            var expired = new List<ClientSubscription>();
            _nextExpiry = uint.MaxValue;
            for (int at = _count - 1; at >= 0; at--)
            {
                var item = Items[at];
                if (item.Expires > now)
                {
                    _nextExpiry = Math.Min(_nextExpiry, (uint)item.Expires);
                    continue;
                }
                expired.Add(item);
                RemoveAt(at);
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

    public ClientSubscription[] Snapshot()
    {
        lock (this)
            return Items.ToArray();
    }

    // What follows is called with the lock held.

    private Span<ClientSubscription> Items => _items is ClientSubscription[] many
        ? many.AsSpan(0, _count)
        : MemoryMarshal.CreateSpan(ref Unsafe.As<object?, ClientSubscription>(ref _items), _count);

    private void Append(ClientSubscription subscription)
    {
        if (_items is null)
        {
            _items = subscription;
        }
        else
        {
            var many = _items as ClientSubscription[] ?? [(ClientSubscription)_items];
            if (_count == many.Length)
                Array.Resize(ref many, 2 * _count);
            many[_count] = subscription;
            _items = many;
        }
        _count++;
    }

    private void RemoveAt(int at)
    {
        var items = Items;
        _index?.Remove(items[at].Channel.Name);
        items[at] = items[^1];
        items[^1] = null!;
        _count--;
    }

    private int IndexOf(ClientSubscription subscription)
    {
        var items = Items;
        for (int at = 0; at < items.Length; at++)
        {
            if (ReferenceEquals(items[at], subscription))
                return at;
        }
        return -1;
    }
}
