namespace Gateway.Server.Options;

/// <summary><c>Gateway:Presence</c>. Immutable.</summary>
internal sealed record PresenceOptions
{
    /// <summary>
    /// Above this many users in a channel, snapshots and changes carry only the count. Default 200; 0 always sends only the count.
    /// </summary>
    public int MaxUsers { get; init; } = 200;

    /// <summary>After this the users of a node that died are gone. Default 1 minute. Shorter makes more traffic to Redis.</summary>
    public TimeSpan TimeToLive { get; init; } = TimeSpan.FromMinutes(1);
}
