using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// One bucket of names on this node: the names that the node has, and the changes that it has yet to deliver. One call to Redis is under
/// way at a time, so that the changes of a name come in order; updates that are made meanwhile go with the next call. Safe for any thread.
/// </summary>
/// <remarks>The bucket's lock may be taken under any other. No lock is taken under it.</remarks>
internal sealed class OccupancyBucket
{
    /// <summary>Updates in one call, so that no call takes Redis long.</summary>
    private const int Batch = 100;

    /// <summary>Names that are remembered as given up while Redis was away: 320,000 in all buckets. Further ones expire.</summary>
    private const int MaxDeparted = 5_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);
    private readonly HashSet<string> _duePlaces = new(StringComparer.Ordinal);

    /// <summary>The last change of each name that this node has to deliver, until Redis has confirmed the delivery.</summary>
    private readonly Dictionary<string, Notification> _notifications = new(StringComparer.Ordinal);

    private readonly HashSet<string> _dueNotifications = new(StringComparer.Ordinal);
    private readonly Action<OccupancyChange> _delivered;
    private readonly Action<OccupancyBucket> _wake;
    private int _departed;
    private bool _isRunning;
    private bool _mustCall;
    private bool _isLeaving;

    /// <param name="prefix">The prefix of all keys.</param>
    /// <param name="number">The bucket's number.</param>
    /// <param name="wake">Called outside the lock when there is something to send.</param>
    public OccupancyBucket(string prefix, int number, Action<OccupancyBucket> wake)
    {
        RedisKey Key(string kind) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{prefix}:{kind}:{{{number}}}"));
        Keys = [Key("op"), Key("on"), Key("ou")];
        (_wake, _delivered) = (wake, OnDelivered);
    }

    /// <summary>The keys of <see cref="OccupancyScript.Update"/>: places, names, pending.</summary>
    public RedisKey[] Keys { get; }

    /// <summary>Whether everything was sent and answered.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
                return !_isRunning && !IsDue;
        }
    }

    /// <summary>
    /// Whether the node takes over the pending changes of others: not when it stops, as it could not deliver them any more.
    /// </summary>
    public bool LooksAfterOthers
    {
        get
        {
            lock (_gate)
                return !_isLeaving;
        }
    }

    private bool IsDue => _mustCall || _duePlaces.Count > 0 || _dueNotifications.Count > 0;

    public void Enter(string name)
    {
        lock (_gate)
        {
            if (!_places.TryGetValue(name, out var place))
                _places.Add(name, place = new Place());
            else if (!place.IsWanted)
                _departed--;
            place.IsWanted = true;
            _duePlaces.Add(name);
        }
        _wake(this);
    }

    public void Leave(string name)
    {
        lock (_gate)
        {
            if (!_places.TryGetValue(name, out var place) || !place.IsWanted)
                return;
            Leave(name, place, remember: _departed < MaxDeparted);
        }
        _wake(this);
    }

    /// <summary>Gives up all names: the node stops. Another node delivers the changes that this one does not deliver in time.</summary>
    public void LeaveAll()
    {
        lock (_gate)
        {
            _isLeaving = true;
            foreach (var (name, place) in _places.Where(one => one.Value.IsWanted).ToList())
                Leave(name, place, remember: true);
        }
        _wake(this);
    }

    /// <summary>
    /// Sends everything again, before it expires or because it may be lost. There is a call even where there is nothing to send: it takes
    /// over what others left.
    /// </summary>
    public void Refresh()
    {
        lock (_gate)
        {
            if (_isLeaving)
                return;
            _mustCall = true;
            _duePlaces.UnionWith(_places.Keys);
            _dueNotifications.UnionWith(_notifications.Keys);
        }
        _wake(this);
    }

    /// <summary>Begins a run of calls.</summary>
    /// <returns>False when a run is under way, or there is nothing to send.</returns>
    public bool TryBegin()
    {
        lock (_gate)
            return !_isRunning && IsDue && (_isRunning = true);
    }

    /// <summary>Takes the updates of the next call, those about changes first.</summary>
    /// <returns>Null when there is nothing more to send, which ends the run.</returns>
    public IReadOnlyList<OccupancyUpdate>? Take()
    {
        lock (_gate)
        {
            if (!IsDue)
            {
                _isRunning = false;
                return null;
            }
            _mustCall = false;
            var taken = new List<OccupancyUpdate>();
            foreach (string name in _dueNotifications.Take(Batch))
            {
                var notification = _notifications[name];
                string operation = notification.IsDelivered ? OccupancyUpdate.Delivered : OccupancyUpdate.Pending;
                taken.Add(new(operation, name, notification.Change.Version));
            }
            foreach (string name in _duePlaces.Take(Batch - taken.Count))
            {
                var place = _places[name];
                // From now on Redis may have the name, whatever the answer.
                place.IsKnown |= place.IsWanted;
                taken.Add(new(place.IsWanted ? OccupancyUpdate.Enter : OccupancyUpdate.Leave, name, 0));
            }
            foreach (var one in taken)
                (one.Version == 0 ? _duePlaces : _dueNotifications).Remove(one.Name);
            return taken;
        }
    }

    /// <summary>Puts back the updates of a call without an answer, which ends the run.</summary>
    public void Return(IReadOnlyList<OccupancyUpdate> taken)
    {
        lock (_gate)
        {
            _isRunning = false;
            foreach (var one in taken)
            {
                if (one.Version == 0 && _places.ContainsKey(one.Name))
                    _duePlaces.Add(one.Name);
                else if (one.Version != 0 && _notifications.ContainsKey(one.Name))
                    _dueNotifications.Add(one.Name);
            }
        }
    }

    /// <summary>Takes the answer to a call.</summary>
    /// <returns>The changes that this node has to deliver, in order.</returns>
    public IReadOnlyList<OccupancyChange> Complete(IReadOnlyList<OccupancyUpdate> taken, RedisResult answer)
    {
        var parts = (RedisResult[])answer!;
        lock (_gate)
        {
            _mustCall |= (int)parts[0] == 1;
            foreach (var one in taken)
            {
                if (one.Operation == OccupancyUpdate.Leave)
                    ForgetPlace(one.Name);
                else if (one.Operation == OccupancyUpdate.Delivered)
                    ForgetNotification(one);
            }
            var changes = new List<OccupancyChange>();
            for (int i = 1; i < parts.Length; i += 3)
            {
                var (name, isOccupied, version) = ((string)parts[i]!, (int)parts[i + 1] > 0, (long)parts[i + 2]);
                // The change is being delivered, or was and Redis does not know that yet.
                if (_notifications.TryGetValue(name, out var known) && known.Change.Version == version)
                    continue;
                var change = new OccupancyChange(OccupancyName.KindOf(name), OccupancyName.Of(name), isOccupied, version, _delivered);
                _notifications[name] = new Notification(change);
                changes.Add(change);
            }
            return changes;
        }
    }

    private void OnDelivered(OccupancyChange change)
    {
        string name = OccupancyName.With(change.Kind, change.Name);
        lock (_gate)
        {
            // A later change of the same name has replaced this one, in Redis as well.
            if (!_notifications.TryGetValue(name, out var notification) || notification.Change != change)
                return;
            notification.IsDelivered = true;
            _dueNotifications.Add(name);
        }
        _wake(this);
    }

    private void Leave(string name, Place place, bool remember)
    {
        place.IsWanted = false;
        if (place.IsKnown && remember)
        {
            _departed++;
            _duePlaces.Add(name);
        }
        else
        {
            Forget(_places, _duePlaces, name);
        }
    }

    private void ForgetNotification(OccupancyUpdate delivered)
    {
        if (_notifications.TryGetValue(delivered.Name, out var notification) && notification.Change.Version == delivered.Version)
            Forget(_notifications, _dueNotifications, delivered.Name);
    }

    /// <summary>Redis has confirmed that this node gave up the name.</summary>
    private void ForgetPlace(string name)
    {
        if (!_places.TryGetValue(name, out var place))
            return;
        place.IsKnown = false;
        if (place.IsWanted)
            return;
        _departed--;
        Forget(_places, _duePlaces, name);
    }

    private static void Forget<T>(Dictionary<string, T> all, HashSet<string> due, string name)
    {
        all.Remove(name);
        due.Remove(name);
    }

    private sealed class Place
    {
        public bool IsWanted { get; set; }

        /// <summary>Whether Redis may have the name from this node.</summary>
        public bool IsKnown { get; set; }
    }

    private sealed class Notification(OccupancyChange change)
    {
        public OccupancyChange Change { get; } = change;

        public bool IsDelivered { get; set; }
    }
}
