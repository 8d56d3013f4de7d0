namespace Gateway.Client;

/// <summary>Settings of one publish. Immutable.</summary>
public sealed record PublishOptions
{
    /// <summary>Whether this client's own subscription gets the message too. True unless set.</summary>
    /// <remarks>
    /// With false, the subscription passes over the message's position in a channel with history, also while it recovers. Only a message
    /// that was not acknowledged, because the connection was lost before, may come back: the client does not know its position yet.
    /// </remarks>
    public bool Echo { get; init; } = true;

    /// <summary>
    /// The idempotency key, 1 to 255 bytes of UTF-8. Within five minutes, a second message of this user with the same key is not published
    /// again. Random unless set. Set your own where you publish again after <see cref="GatewayErrorCode.Unconfirmed"/> or
    /// <see cref="GatewayErrorCode.Closed"/>.
    /// </summary>
    public string? Key { get; init; }

    /// <summary>Bytes that go along with the message, 16 attachments at most. They are copied before the call returns.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Attachments { get; init; } = [];
}
