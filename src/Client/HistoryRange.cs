namespace Gateway.Client;

/// <summary>Immutable. A part of a channel's history to read.</summary>
public sealed record HistoryRange
{
    /// <summary>Messages at most, 1 to 1,000; the gateway's default, 100, unless set. A page also ends at 256 KiB of content.</summary>
    public int? Limit { get; init; }

    /// <summary>The newest ones with a smaller seq.</summary>
    public long? Before { get; init; }

    /// <summary>The oldest ones with a greater seq; not together with <see cref="Before"/>.</summary>
    public long? After { get; init; }
}
