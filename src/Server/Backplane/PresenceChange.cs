using Gateway.Protocol.Messages;

namespace Gateway.Server.Backplane;

/// <summary>A user came to a channel with the first connection, or left it with the last. Immutable.</summary>
/// <param name="User">Who.</param>
/// <param name="Joined">True: came. False: left.</param>
/// <param name="Count">Users in the channel after the change.</param>
/// <param name="Version">The channel's presence after the change: greater than before it, by any amount.</param>
internal readonly record struct PresenceChange(PresentUser User, bool Joined, int Count, long Version);
