using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;

namespace Gateway.Server.Channels;

/// <summary>Presence changes of one channel that are sent together. Immutable.</summary>
/// <remarks>
/// Most subscribers know none of them and get one frame with all. Whoever began in between, with a snapshot that holds the first of
/// them, gets a frame with the others: a page must not announce somebody whom it has just listed.
/// </remarks>
/// <param name="changes">The last change of each user; at least one.</param>
/// <param name="count">Users in the channel after them.</param>
/// <param name="starts">Versions of the snapshots that subscribers began with since the last time, in ascending order.</param>
internal sealed class GatheredPresence(PresenceChange[] changes, int count, long[] starts)
{
    private readonly long _first = changes.Min(change => change.Version);

    /// <summary>The newest change's version.</summary>
    public long Last { get; } = changes.Max(change => change.Version);

    /// <summary>Whom to write a frame for. Above the limit of users there are no names to repeat, and one frame does for all.</summary>
    public IEnumerable<PresenceAudience> Audiences(int maxUsers)
    {
        if (count > maxUsers)
            return [new PresenceAudience(0, Last, Last)];
        var between = starts.Where(start => start >= _first && start < Last).Select(start => new PresenceAudience(start, start + 1, Last));
        return between.Prepend(new PresenceAudience(0, _first, Last));
    }

    /// <summary>The changes that an audience does not know of.</summary>
    public PresenceMessage MessageFor(PresenceAudience audience, int maxUsers)
    {
        List<PresentUser>? joined = null;
        List<string>? left = null;
        if (count <= maxUsers)
        {
            // Nobody of an audience knows of a change from its end on.
            var unknown = changes.Where(change => change.Version >= audience.Before).ToList();
            joined = [.. unknown.Where(change => change.Joined).Select(change => change.User)];
            left = [.. unknown.Where(change => !change.Joined).Select(change => change.User.Id)];
        }
        return PresenceMessage.Of(joined, left, count);
    }
}
