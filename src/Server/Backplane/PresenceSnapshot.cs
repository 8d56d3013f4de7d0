using Gateway.Protocol.Messages;

namespace Gateway.Server.Backplane;

/// <summary>Who was in a channel when it was read. Immutable.</summary>
/// <param name="State">The users.</param>
/// <param name="Version">
/// That of the last change before it, and 0 if there was none: the changes up to it are in <paramref name="State"/>, later ones are not.
/// </param>
internal sealed record PresenceSnapshot(PresenceState State, long Version);
