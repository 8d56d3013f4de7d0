namespace Gateway.Protocol.Messages;

/// <summary>A user who is present in a channel. Immutable.</summary>
/// <param name="Id">The user id.</param>
/// <param name="Info">The raw JSON object that the user's token shows to others. Empty without one.</param>
internal sealed record PresentUser(string Id, ReadOnlyMemory<byte> Info);
