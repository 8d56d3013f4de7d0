using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;

namespace Gateway.Server.Channels;

/// <summary>
/// A channel's presence changes since the last time they were sent, the last one of each user, and what its subscribers know of
/// presence. Guarded by the channel's lock.
/// </summary>
internal sealed class PresenceChanges(PresenceGatherer? gatherer)
{
    /// <summary>Different snapshots that newer changes wait for. Whoever has yet another one gets a snapshot instead of changes.</summary>
    private const int MaxStarts = 32;

    /// <summary>Between two snapshots for names that may be told again: users about the limit must not have all sent each time.</summary>
    private const long NamesMilliseconds = 10_000;

    private readonly SortedSet<long> _starts = [];
    private Dictionary<string, PresenceChange> _changes = [];
    private int _count;
    private long _namesFrom;

    /// <summary>Where the channel takes its turn.</summary>
    public PresenceGatherer? Gatherer { get; } = gatherer;

    /// <summary>Whether the channel waits for its turn, or has it.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether changes were lost on their way here: until the next snapshot no subscriber is told of any.</summary>
    public bool IsLost { get; private set; }

    /// <summary>How often changes were lost: a snapshot asked for before the last time may be without them.</summary>
    public int Generation { get; private set; }

    /// <summary>Whether some subscriber waits for a snapshot (<see cref="Subscription.LostPresence"/>).</summary>
    public bool IsWanted { get; set; }

    /// <summary>Whether subscribers were told of too many users to name them: what they knew of names is out of date.</summary>
    public bool IsUnnamed { get; private set; }

    /// <summary>The version up to which changes were sent.</summary>
    public long Sent { get; private set; }

    public bool IsEmpty => _changes.Count == 0;

    /// <summary>Notes a change.</summary>
    /// <returns>Whether it is the first since the last send.</returns>
    public bool Add(PresenceChange change)
    {
        // A snapshot that all were sent has it already.
        if (change.Version <= Sent && !IsLost)
            return false;
        bool first = IsEmpty;
        _count = change.Count;
        _changes[change.User.Id] = change;
        return first;
    }

    /// <summary>Notes that changes were lost.</summary>
    public void Invalidate()
    {
        IsLost = true;
        Generation++;
    }

    /// <summary>Notes whether a snapshot for a subscriber names the users.</summary>
    public void NoteNames(PresenceState state)
    {
        if (state.Users is null)
            (IsUnnamed, _count) = (true, state.Count);
    }

    /// <summary>Notes the snapshot that a subscriber was sent, so that no change is sent to it that the snapshot holds.</summary>
    /// <returns>False when this subscriber needs a newer snapshot: changes after that one were lost, or sent already.</returns>
    public bool TryStart(long version)
    {
        if (IsLost || version < Sent)
            return false;
        if (version == Sent || _starts.Contains(version))
            return true;
        return _starts.Count < MaxStarts && _starts.Add(version);
    }

    /// <summary>Takes the gathered changes and starts anew.</summary>
    public GatheredPresence Take(int maxUsers)
    {
        IsUnnamed |= _count > maxUsers;
        var gathered = new GatheredPresence([.. _changes.Values], _count, [.. _starts]);
        _changes = [];
        Sent = gathered.Last;
        _starts.RemoveWhere(start => start <= Sent);
        return gathered;
    }

    /// <summary>What comes after the changes that were taken.</summary>
    /// <param name="maxUsers">With more users there are no names.</param>
    /// <param name="now">In milliseconds.</param>
    public PresenceTurn Next(int maxUsers, long now)
    {
        bool mayName = IsUnnamed && !IsLost && _count <= maxUsers;
        if (mayName && now >= _namesFrom)
        {
            _namesFrom = now + NamesMilliseconds;
            Invalidate();
        }
        if (IsLost || IsWanted)
            return PresenceTurn.Snapshot;
        return mayName ? PresenceTurn.Again : PresenceTurn.Over;
    }

    /// <summary>Notes that all subscribers are sent a snapshot: what it holds is not sent again.</summary>
    public void Restart(long version)
    {
        (IsLost, IsUnnamed, Sent) = (false, false, version);
        _starts.RemoveWhere(start => start <= version);
        foreach (var change in _changes.Values.Where(change => change.Version <= version).ToList())
            _changes.Remove(change.User.Id);
    }
}
