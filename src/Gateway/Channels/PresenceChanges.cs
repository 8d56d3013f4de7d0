using System.Buffers;
using Gateway.Backplane;
using Gateway.Protocol.Messages;

namespace Gateway.Channels;

/// <summary>
/// Safe for any thread. A channel's presence changes since the last time they were sent, the last one of each user. A change may
/// repeat what a client knows from a snapshot, so clients apply them as sets.
/// </summary>
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
            _changes[change.User.Id] = change;
            return first;
        }
    }

    /// <summary>Writes the gathered changes as one <c>presence</c> message and starts anew.</summary>
    /// <returns>The version up to which changes have now been sent.</returns>
    public long Take(ChannelName channel, int maxUsers, IBufferWriter<byte> message)
    {
        List<PresentUser>? joined = null;
        List<string>? left = null;
        int count;
        long version;
        lock (_gate)
        {
            version = _sent = _version;
            count = _count;
            if (count <= maxUsers)
            {
                joined = [.. _changes.Values.Where(change => change.Joined).Select(change => change.User)];
                left = [.. _changes.Values.Where(change => !change.Joined).Select(change => change.User.Id)];
            }
            _changes.Clear();
        }
        ServerMessageWriter.PresenceChange(message, channel.Json, joined, left, count);
        return version;
    }
}
