namespace Gateway.Protocol.Messages;

/// <summary>The users in a channel at one moment. Immutable if its collection is.</summary>
/// <param name="Users">The users. Null where there are too many to name them.</param>
/// <param name="Count">The number of users, named or not.</param>
internal sealed record PresenceState(IReadOnlyCollection<PresentUser>? Users, int Count);
