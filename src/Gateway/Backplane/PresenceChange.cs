using Gateway.Protocol.Messages;

namespace Gateway.Backplane;

/// <summary>Immutable. A user came to a channel with the first connection, or left it with the last.</summary>
/// <param name="User">Who.</param>
/// <param name="Joined">True: came. False: left.</param>
/// <param name="Count">Users in the channel after the change.</param>
internal readonly record struct PresenceChange(PresentUser User, bool Joined, int Count);
