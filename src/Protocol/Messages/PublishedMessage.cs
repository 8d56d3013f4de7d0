using System.Text.Json;

namespace Gateway.Protocol.Messages;

/// <summary>One message of a channel's history; an immutable value as long as nobody writes to its bytes.</summary>
/// <param name="Content">Raw JSON, byte for byte as its publisher sent it.</param>
/// <param name="Sender">Who published it; the default if nobody is named.</param>
/// <param name="Seq">Its position in the channel, from 1; 0 if it has none.</param>
/// <param name="Time">Unix milliseconds; 0 if unknown.</param>
public readonly record struct PublishedMessage(ReadOnlyMemory<byte> Content, JsonEncodedText Sender, long Seq, long Time);
