namespace Gateway.Protocol.Messages;

/// <summary>One message of a channel's history. Immutable as long as nobody writes to its bytes.</summary>
/// <param name="Kind">What the payload is.</param>
/// <param name="Bytes">The payload's bytes.</param>
/// <param name="Sender">The id of the user who published the message. Empty if no user is named.</param>
/// <param name="Seq">The position in the channel, from 1. 0 in a channel without history.</param>
/// <param name="Time">The time in Unix milliseconds. 0 if unknown.</param>
internal readonly record struct PublishedMessage(PayloadKind Kind, ReadOnlyMemory<byte> Bytes, Utf8Text Sender, long Seq, long Time)
{
    /// <summary>The payload. Valid as long as its bytes are.</summary>
    public Payload Payload => new(Kind, Bytes.Span);
}
