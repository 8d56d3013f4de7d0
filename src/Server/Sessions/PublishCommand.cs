using Gateway.Protocol.Messages;

namespace Gateway.Server.Sessions;

/// <summary>A client's wish to publish a message. Its spans are valid during the call that takes it.</summary>
internal readonly ref struct PublishCommand
{
    /// <summary>The channel's name in UTF-8, not checked yet.</summary>
    public ReadOnlySpan<byte> Channel { get; init; }

    public Payload Payload { get; init; }

    /// <summary>The idempotency key; empty for none.</summary>
    public ReadOnlySpan<byte> Key { get; init; }

    /// <summary>Whether the publisher's own connection gets the message, too.</summary>
    public bool Echo { get; init; }

    /// <summary>The request's id, which the answer returns as it is; empty where the client wants no answer but an error.</summary>
    public ReadOnlySpan<byte> Id { get; init; }
}
