using System.Buffers;
using Gateway.Backplane;
using Gateway.Protocol.Messages;

namespace Gateway.Channels;

/// <summary>Safe for any thread. A channel's presence changes since the last time they were sent; who came and went in between leaves no trace.</summary>
internal sealed class PresenceChanges
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, PresenceChange> _changes = [];
    private int _count;
    private long _version;
    private long _sent;

    /// <summary>The number of changes so far: a snapshot read after this covers them.</summary>
    public long Version
    {
        get
        {
            lock (_gate)
                return _version;
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
            if (_changes.Remove(change.User.Id, out var earlier) && earlier.Joined != change.Joined)
                return first;
            _changes[change.User.Id] = change;
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
                joined = [.. _changes.Values.Where(change => change.Joined).Select(change => change.User)];
                left = [.. _changes.Values.Where(change => !change.Joined).Select(change => change.User.Id)];
            }
            _changes.Clear();
        }
        ServerMessageWriter.PresenceChange(message, channel.Json, joined, left, count);
        return true;
    }
}
