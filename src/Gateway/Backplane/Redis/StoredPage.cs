namespace Gateway.Backplane.Redis;

/// <summary>Immutable. A part of a stream as Redis keeps it; see <see cref="HistoryPage"/>.</summary>
/// <param name="Top">The channel's position when the page was read.</param>
/// <param name="Oldest">The seq of the oldest message still kept; <c>Top.Seq + 1</c> when none is.</param>
/// <param name="Entries">In ascending order.</param>
/// <param name="More">Whether more messages were kept in the direction of reading.</param>
/// <param name="Earlier">Where earlier epochs ended.</param>
internal sealed record StoredPage(Position Top, long Oldest, IReadOnlyList<(long Seq, byte[] Body)> Entries, bool More, IReadOnlyList<Position> Earlier);
