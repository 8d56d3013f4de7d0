namespace Gateway.Protocol.Messages;

/// <summary>Who is in a channel at one moment; immutable if its collection is.</summary>
/// <param name="Users">Null where there are too many to name them: only the count is told then.</param>
/// <param name="Count">How many users, named or not.</param>
public sealed record PresenceState(IReadOnlyCollection<PresentUser>? Users, int Count);
