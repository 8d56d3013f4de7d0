namespace Gateway.Client;

/// <summary>The part of a channel's history that is to be read. Immutable.</summary>
public sealed record HistoryRange
{
    /// <summary>The most messages of a page, 1 to 1,000. 100 unless set. A page also ends at 256 KiB of content.</summary>
    public int? Limit { get; init; }

    /// <summary>Read the newest messages with a smaller seq than this.</summary>
    public long? Before { get; init; }

    /// <summary>Read the oldest messages with a greater seq than this. Not together with <see cref="Before"/>.</summary>
    public long? After { get; init; }
}
