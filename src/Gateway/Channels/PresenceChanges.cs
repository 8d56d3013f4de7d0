using System.Buffers;
using Gateway.Backplane;
using Gateway.Protocol.Messages;

namespace Gateway.Channels;

/// <summary>
/// Safe for any thread. A channel's presence changes since the last time they were sent; who came and went in between leaves no
/// trace, unless somebody else read a snapshot meanwhile: to that client the two changes do not cancel each other out.
/// </summary>
internal sealed class PresenceChanges
{
    /// <summary>The version of a change that clients compare with different states, so that none later can cancel it for all of them.</summary>
    private const long NeverCancelled = 0;

    private readonly Lock _gate = new();
    private readonly Dictionary<string, (PresenceChange Change, long Version)> _changes = [];
    private int _count;
    private long _version;
    private long _sent;
    private int _reading;
    private string? _lastReader;
    private long _seen;
    private long _seenByOthers;

    /// <summary>The number of changes so far: a snapshot read after this covers them.</summary>
    public long Version
    {
        get
        {
            lock (_gate)
                return _version;
        }
    }

    /// <summary>A snapshot is about to be read.</summary>
    public void StartReading()
    {
        lock (_gate)
            _reading++;
    }

    /// <summary>The snapshot was read, for this user.</summary>
    public void EndReading(string user)
    {
        lock (_gate)
        {
            _reading--;
            if (_lastReader != user)
                (_lastReader, _seenByOthers) = (user, _seen);
            _seen = _version;
        }
    }

    /// <summary>Notes a change.</summary>
    /// <returns>Whether it is the first since the last send.</returns>
    public bool Add(PresenceChange change)
    {
        lock (_gate)
        {
            bool first = _version == _sent;
            _version++;
            _count = change.Count;
            if (!_changes.Remove(change.User.Id, out var earlier))
                _changes[change.User.Id] = (change, _version);
            else if (earlier.Change.Joined == change.Joined || IsSeen(earlier.Version, byOthersThan: change.User.Id))
                _changes[change.User.Id] = (change, NeverCancelled);
            return first;
        }
    }

    /// <summary>Writes the gathered changes as one <c>presence</c> message and starts anew.</summary>
    /// <returns>False when they cancelled each other out.</returns>
    public bool TryTake(ChannelName channel, int maxUsers, IBufferWriter<byte> message, out long version)
    {
        List<PresentUser>? joined = null;
        List<string>? left = null;
        int count;
        lock (_gate)
        {
            version = _sent = _version;
            count = _count;
            if (_changes.Count == 0)
                return false;
            if (count <= maxUsers)
            {
                joined = [.. _changes.Values.Where(entry => entry.Change.Joined).Select(entry => entry.Change.User)];
                left = [.. _changes.Values.Where(entry => !entry.Change.Joined).Select(entry => entry.Change.User.Id)];
            }
            _changes.Clear();
        }
        ServerMessageWriter.PresenceChange(message, channel.Json, joined, left, count);
        return true;
    }

    /// <summary>Whether a snapshot that another user read, or is reading, may show the change.</summary>
    private bool IsSeen(long version, string byOthersThan) =>
        _reading > 0 || version <= (_lastReader == byOthersThan ? _seenByOthers : _seen);
}
