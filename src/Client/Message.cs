namespace Gateway.Client;

/// <summary>A message of a channel. Immutable.</summary>
/// <typeparam name="T">The type that the content was read as.</typeparam>
/// <param name="Channel">The channel's name.</param>
/// <param name="Content">
/// The content. Null where it was the JSON <c>null</c>, and where the message has attachments alone; of a value type, then, its default.
/// </param>
/// <param name="Sender">The id of the user who published the message. Null where the backend published it.</param>
/// <param name="Position">The message's place in the channel's history. Null in a channel without history.</param>
/// <param name="Time">The time at which the gateway accepted the message, to the millisecond. Null where the gateway did not say.</param>
public sealed record Message<T>(string Channel, T? Content, string? Sender, Position? Position, DateTimeOffset? Time)
{
    /// <summary>The bytes that came with the message, each attachment by itself. Empty where none did.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Attachments { get; init; } = [];
}
