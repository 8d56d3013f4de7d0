namespace Gateway.Backplane.Redis;

/// <summary>Immutable. A part of a stream as Redis keeps it; see <see cref="HistoryPage"/>.</summary>
internal sealed record StoredPage(Position Top, long Oldest, IReadOnlyList<(long Seq, byte[] Body)> Entries, bool More);
