namespace Gateway.Server.Backplane;

/// <summary>Which part of a channel's history is wanted. Immutable.</summary>
/// <param name="After">Messages with a greater seq, oldest first; null to read backwards from the end.</param>
/// <param name="Before">Where <paramref name="After"/> is null: only messages with a smaller seq; null for the newest.</param>
/// <param name="Limit">Messages at most; 0 asks for the position alone.</param>
/// <param name="MaxBytes">Bytes of content at most, so that one answer stays small; at least one message is returned.</param>
internal readonly record struct HistoryQuery(long? After, long? Before, int Limit, int MaxBytes)
{
    public static readonly HistoryQuery PositionOnly = new(null, null, 0, 0);
}
