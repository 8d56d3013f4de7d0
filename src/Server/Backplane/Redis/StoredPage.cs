using System.Globalization;

namespace Gateway.Server.Backplane.Redis;

/// <summary>A part of a stream as Redis keeps it, without broken entries; see <see cref="HistoryPage"/>. Immutable.</summary>
/// <param name="Top">The channel's position when the page was read.</param>
/// <param name="Oldest">The seq from which on all messages are kept and whole; <c>Top.Seq + 1</c> when none is.</param>
/// <param name="Entries">In ascending order and without a gap.</param>
/// <param name="More">Whether more messages were kept in the direction of reading.</param>
/// <param name="Earlier">Where earlier epochs ended.</param>
/// <param name="Broken">How many entries were dropped.</param>
internal sealed record StoredPage(
    Position Top, long Oldest, IReadOnlyList<(long Seq, byte[] Body)> Entries, bool More, IReadOnlyList<Position> Earlier, int Broken)
{
    /// <summary>
    /// Makes a page of the entries that were read. A stream with a hole, or with a message that cannot be read, is treated as one that
    /// begins behind it: a client that needs the missing message learns that it is lost.
    /// </summary>
    /// <param name="top">The channel's position.</param>
    /// <param name="oldest">The id of the stream's oldest entry; empty when there is none.</param>
    /// <param name="read">Ids and bodies, in the order of reading.</param>
    /// <param name="more">Whether there are more.</param>
    /// <param name="earlier">Where earlier epochs ended.</param>
    /// <param name="query">The query.</param>
    public static StoredPage Of(
        Position top, string oldest, IEnumerable<(string Id, byte[] Body)> read, bool more, IReadOnlyList<Position> earlier,
        HistoryQuery query)
    {
        bool forward = query.After is not null;
        // Where the stream begins with a foreign entry, reading finds the first message.
        long first = oldest.Length == 0 ? top.Seq + 1 : TryReadSeq(oldest, top.Seq, out long seq) ? seq : 1;
        long next = forward ? Math.Max(first, Math.Max(0, query.After!.Value) + 1) : 0;
        long behindHole = 0;
        int broken = 0;
        var entries = new List<(long Seq, byte[] Body)>();
        foreach (var (id, body) in forward ? read : read.Reverse())
        {
            bool isWhole = MessageBody.IsWhole(body);
            bool isSeq = TryReadSeq(id, top.Seq, out seq) && seq >= next;
            if (!isSeq || !isWhole)
                broken++;
            // A foreign entry stands beside the messages, and leaves no hole.
            if (!isSeq)
                continue;
            if (!isWhole || (next > 0 && seq != next))
            {
                entries.Clear();
                behindHole = isWhole ? seq : seq + 1;
            }
            next = seq + 1;
            if (isWhole)
                entries.Add((seq, body));
        }
        bool isToEnd = query.Limit > 0 && (forward ? !more && query.After < top.Seq : query.Before is null || query.Before > top.Seq);
        if (isToEnd && (entries.Count == 0 || entries[^1].Seq != top.Seq))
        {
            // The newest messages are missing.
            entries.Clear();
            behindHole = top.Seq + 1;
        }
        else if (forward && more && entries.Count == 0 && behindHole == 0)
        {
            behindHole = next + 1;
        }
        return new StoredPage(top, Math.Max(first, behindHole), entries, more && (forward || behindHole == 0), earlier, broken);
    }

    /// <summary>Reads a seq from an entry's id, which is <c>n-0</c>. No seq is beyond the channel's position.</summary>
    private static bool TryReadSeq(string id, long top, out long seq)
    {
        seq = 0;
        return id.EndsWith("-0", StringComparison.Ordinal)
            && long.TryParse(id.AsSpan(0, id.Length - 2), NumberStyles.None, CultureInfo.InvariantCulture, out seq)
            && seq > 0 && seq <= top;
    }
}
