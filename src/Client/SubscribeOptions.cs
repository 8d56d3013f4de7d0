namespace Gateway.Client;

/// <summary>Settings of one subscription. Immutable.</summary>
public sealed record SubscribeOptions
{
    /// <summary>The number of messages that the subscription holds until they are read, 2 to 100,000. 256 unless set.</summary>
    /// <remarks>
    /// A full buffer never holds up other subscriptions. In a channel with history, a full subscription takes no more messages. When half
    /// of its buffer has been read, it recovers from its position: no message is lost as long as the history reaches back that far. In a
    /// channel without history, the oldest messages are dropped, and <see cref="OnLoss"/> is called.
    /// </remarks>
    public int Buffer { get; init; } = 256;

    /// <summary>The position behind which the subscription starts. Null, unless set, to start with new messages.</summary>
    public Position? After { get; init; }

    /// <summary>
    /// Called when messages were lost, or may have been, so that the application can load its state anew. The enumeration calls it in order
    /// with the messages, and awaits it before the next message. An exception of the callback ends the enumeration. Null unless set.
    /// </summary>
    public Func<MessageLoss, CancellationToken, ValueTask>? OnLoss { get; init; }

    /// <summary>
    /// Fetches a subscription token for this channel, each time the client subscribes to it. Null, unless set, where the rights of the
    /// connection's own token suffice.
    /// </summary>
    public Func<CancellationToken, ValueTask<string?>>? Token { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Buffer, 2, nameof(Buffer));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Buffer, 100_000, nameof(Buffer));
    }
}
