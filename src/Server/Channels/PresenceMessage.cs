using Gateway.Protocol.Messages;

namespace Gateway.Server.Channels;

/// <summary>
/// What a channel tells its subscribers about its users, in no encoding yet: all of them, or what has changed. Immutable.
/// </summary>
internal sealed class PresenceMessage
{
    /// <summary>What a user takes in a message beside its id and what it shows: quotes, commas, a name for the second.</summary>
    private const int UserOverhead = 16;

    private PresenceMessage(int count, int bytes)
    {
        Count = count;
        Bytes = bytes;
    }

    /// <summary>All users; null where this is a change.</summary>
    public PresenceState? Snapshot { get; private init; }

    /// <summary>Users that came; null where there are too many to name them.</summary>
    public IReadOnlyCollection<PresentUser>? Joined { get; private init; }

    /// <summary>Ids of users that left; null where there are too many to name them.</summary>
    public IReadOnlyCollection<string>? Left { get; private init; }

    /// <summary>Users there are now.</summary>
    public int Count { get; }

    /// <summary>About as many bytes as it takes in any encoding; counted against what waits in a channel.</summary>
    public int Bytes { get; }

    public static PresenceMessage Of(PresenceState state) => new(state.Count, BytesOf(state.Users)) { Snapshot = state };

    public static PresenceMessage Of(IReadOnlyCollection<PresentUser>? joined, IReadOnlyCollection<string>? left, int count) =>
        new(count, BytesOf(joined) + (left?.Sum(id => id.Length + UserOverhead) ?? 0)) { Joined = joined, Left = left };

    private static int BytesOf(IReadOnlyCollection<PresentUser>? users) =>
        users?.Sum(user => user.Id.Length + user.Info.Length + UserOverhead) ?? 0;
}
