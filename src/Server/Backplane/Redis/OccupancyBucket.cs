using System.Globalization;
using System.Text;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// What this node knows of one bucket of names: those it has, and the changes it has yet to tell. One call to Redis is under way at a time,
/// so that the changes of a name come in order; what happens meanwhile goes with the next. Safe for any thread.
/// </summary>
/// <remarks>Its lock may be taken under any other; it takes none.</remarks>
internal sealed class OccupancyBucket
{
    /// <summary>Statements in one call, so that no call takes Redis long.</summary>
    private const int Batch = 100;

    /// <summary>Names remembered to have left while Redis was away: of all buckets, 320,000. Further ones expire.</summary>
    private const int MaxDeparted = 5_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, Place> _places = new(StringComparer.Ordinal);
    private readonly HashSet<string> _duePlaces = new(StringComparer.Ordinal);

    /// <summary>The last change of each name that this node was given to tell, until Redis has heard that it was told.</summary>
    private readonly Dictionary<string, Notification> _notifications = new(StringComparer.Ordinal);

    private readonly HashSet<string> _dueNotifications = new(StringComparer.Ordinal);
    private readonly Action<OccupancyChange> _delivered;
    private readonly Action<OccupancyBucket> _wake;
    private int _departed;
    private bool _isRunning;
    private bool _mustCall;
    private bool _isLeaving;

    /// <param name="prefix">Of all keys.</param>
    /// <param name="number">Which bucket.</param>
    /// <param name="wake">Called, outside the lock, when there is something to say.</param>
    public OccupancyBucket(string prefix, int number, Action<OccupancyBucket> wake)
    {
        RedisKey Key(string kind) => Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{prefix}:{kind}:{{{number}}}"));
        Keys = [Key("op"), Key("on"), Key("ou")];
        (_wake, _delivered) = (wake, OnDelivered);
    }

    /// <summary>Places, names, untold: see <see cref="OccupancyScript.Update"/>.</summary>
    public RedisKey[] Keys { get; }

    /// <summary>Whether Redis has heard everything, and answered.</summary>
    public bool IsIdle
    {
        get
        {
            lock (_gate)
                return !_isRunning && !IsDue;
        }
    }

    /// <summary>Whether this node is to look after what others left: not when it stops, for it could not tell it any more.</summary>
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

    /// <summary>The node stops: it has nothing any more, and what it cannot tell soon another is to tell.</summary>
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
    /// Everything is to be said again: before it expires, or because it may be lost. In any case there is a call, which looks after what
    /// others left.
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

    /// <summary>Begins a run of calls. False when there is one, or nothing to say.</summary>
    public bool TryBegin()
    {
        lock (_gate)
            return !_isRunning && IsDue && (_isRunning = true);
    }

    /// <summary>The next call's statements, those about changes first. Null ends the run.</summary>
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
                taken.Add(new(notification.IsDelivered ? OccupancyUpdate.Delivered : OccupancyUpdate.Pending, name, notification.Change.Version));
            }
            foreach (string name in _duePlaces.Take(Batch - taken.Count))
            {
                var place = _places[name];
                // From here on Redis may have it, whatever the answer.
                place.IsKnown |= place.IsWanted;
                taken.Add(new(place.IsWanted ? OccupancyUpdate.Enter : OccupancyUpdate.Leave, name, 0));
            }
            foreach (var one in taken)
                (one.Version == 0 ? _duePlaces : _dueNotifications).Remove(one.Name);
            return taken;
        }
    }

    /// <summary>There was no answer: it is all said again. Ends the run.</summary>
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

    /// <returns>The changes that are this node's to tell, in order.</returns>
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
                // It is on its way already, or was told and Redis has not heard of that.
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
            // A later change of the same name has taken its place, in Redis, too.
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

    private void ForgetNotification(OccupancyUpdate told)
    {
        if (_notifications.TryGetValue(told.Name, out var notification) && notification.Change.Version == told.Version)
            Forget(_notifications, _dueNotifications, told.Name);
    }

    /// <summary>Redis does not have the name from this node any more.</summary>
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

        /// <summary>Whether Redis may have it.</summary>
        public bool IsKnown { get; set; }
    }

    private sealed class Notification(OccupancyChange change)
    {
        public OccupancyChange Change { get; } = change;

        public bool IsDelivered { get; set; }
    }
}
