namespace Gateway.Protocol.Messages;

/// <summary>One message of a channel's history; an immutable value as long as nobody writes to its bytes.</summary>
/// <param name="Kind">What the content is.</param>
/// <param name="Content">The content's bytes, as its publisher sent them.</param>
/// <param name="Sender">Who published it; empty if nobody is named.</param>
/// <param name="Seq">Its position in the channel, from 1; 0 if it has none.</param>
/// <param name="Time">Unix milliseconds; 0 if unknown.</param>
public readonly record struct PublishedMessage(PayloadKind Kind, ReadOnlyMemory<byte> Content, Utf8Text Sender, long Seq, long Time)
{
    public Payload Payload => new(Kind, Content.Span);
}
