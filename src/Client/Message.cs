namespace Gateway.Client;

/// <summary>Immutable. A message of a channel.</summary>
/// <typeparam name="T">What its content was read as.</typeparam>
/// <param name="Channel">The channel's name.</param>
/// <param name="Content">The content; null where it was the JSON <c>null</c>.</param>
/// <param name="Sender">The user who published it; null where the backend did.</param>
/// <param name="Position">Its place in the channel's history; null in a channel without history.</param>
/// <param name="Time">When the gateway accepted it, to the millisecond; null where it did not say.</param>
public sealed record Message<T>(string Channel, T? Content, string? Sender, Position? Position, DateTimeOffset? Time);
