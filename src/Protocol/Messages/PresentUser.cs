namespace Gateway.Protocol.Messages;

/// <summary>A user present in a channel; immutable.</summary>
/// <param name="Id">The user id.</param>
/// <param name="Info">What the user shows to others: a raw JSON object, or empty if nothing.</param>
public sealed record PresentUser(string Id, ReadOnlyMemory<byte> Info);
