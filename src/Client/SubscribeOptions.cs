namespace Gateway.Client;

/// <summary>Immutable. How a channel is subscribed to.</summary>
public sealed record SubscribeOptions
{
    /// <summary>Messages held until they are read, 2 to 100,000; 256 unless set.</summary>
    /// <remarks>
    /// A full buffer never holds up other subscriptions. In a channel with history the client then takes no more and, once half of
    /// the buffer has been read, recovers from where it stopped: nothing is lost as long as history reaches. In a channel
    /// without, the oldest messages are dropped, and <see cref="OnLoss"/> is told.
    /// </remarks>
    public int Buffer { get; init; } = 256;

    /// <summary>Start with the messages after this position instead of with what comes from now on; null, unless set, for now.</summary>
    public Position? After { get; init; }

    /// <summary>
    /// Called by the enumeration, in order with the messages and awaited before the next one, when messages were lost or may have
    /// been: the place to load state anew. What it throws, the enumeration throws. Null, unless set, to ignore it.
    /// </summary>
    public Func<MessageLoss, CancellationToken, ValueTask>? OnLoss { get; init; }

    /// <summary>
    /// Gives a token for this channel alone, asked each time the channel is subscribed to; null, unless set, where the rights of
    /// the connection's own token do.
    /// </summary>
    public Func<CancellationToken, ValueTask<string?>>? Token { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Buffer, 2, nameof(Buffer));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Buffer, 100_000, nameof(Buffer));
    }
}
