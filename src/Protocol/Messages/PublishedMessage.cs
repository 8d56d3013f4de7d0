using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>One message of a channel's history. Immutable as long as nobody writes to its bytes.</summary>
/// <param name="Content">The raw JSON, byte for byte as the publisher sent it.</param>
/// <param name="Sender">The id of the user who published the message. The default if no user is named.</param>
/// <param name="Seq">The position in the channel, from 1. 0 in a channel without history.</param>
/// <param name="Time">The time in Unix milliseconds. 0 if unknown.</param>
public readonly record struct PublishedMessage(ReadOnlyMemory<byte> Content, JsonEncodedText Sender, long Seq, long Time);
