namespace Gateway.Client;

/// <summary>Immutable. How a message is published.</summary>
public sealed record PublishOptions
{
    /// <summary>Whether this client's own subscription gets the message too; true unless set.</summary>
    /// <remarks>
    /// In a channel with history its position is then passed over, also where messages are recovered. Only one without an
    /// acknowledgement, as when its connection was lost before, may come back: nobody knows yet where it is.
    /// </remarks>
    public bool Echo { get; init; } = true;

    /// <summary>
    /// 1 to 255 bytes of UTF-8 that make publishing it again harmless for five minutes, whoever does; a random one unless set. Give your
    /// own where you publish again after <see cref="GatewayErrorCode.Unconfirmed"/> or <see cref="GatewayErrorCode.Closed"/>.
    /// </summary>
    public string? Key { get; init; }
}
