using Gateway.Protocol.Messages;

namespace Gateway.Server.Application;

/// <summary>The application's answer to something that a client wants. Immutable.</summary>
/// <param name="Denial">The error that the client gets instead; null where it is allowed.</param>
/// <param name="Content">JSON to publish in place of the client's; null for the client's own.</param>
/// <param name="Attachments">
/// The block of the <see cref="Protocol.Messages.Attachments"/> to publish in place of the client's, empty for none; null for the client's
/// own.
/// </param>
internal readonly record struct Decision(
    ProtocolError? Denial, ReadOnlyMemory<byte>? Content = null, ReadOnlyMemory<byte>? Attachments = null)
{
    public static Decision Allowed => default;

    /// <summary>Whether the message is not published as the client sent it.</summary>
    public bool Replaces => Content is not null || Attachments is not null;

    /// <summary>What is published in place of a client's message.</summary>
    public Payload Apply(Payload payload)
    {
        if (!Replaces)
            return payload;
        var content = Content is { } replaced ? replaced.Span : payload.Content;
        var block = Attachments is { } others ? others.Span : payload.Attachments.Block;
        return block.IsEmpty
            ? Payload.Json(content)
            : new Payload(PayloadKind.Attachments, Protocol.Messages.Attachments.Read(block).With(content));
    }
}
