using Gateway.Protocol.Messages;

namespace Gateway.Server.Backplane;

/// <summary>Part of a channel's history, in order. Immutable.</summary>
/// <param name="Top">The channel's position when the page was read.</param>
/// <param name="Oldest">The seq of the oldest message still kept; <c>Top.Seq + 1</c> when none is.</param>
/// <param name="Messages">In ascending order of seq, whichever way they were asked for.</param>
/// <param name="More">Whether more messages were kept in the direction of reading.</param>
internal sealed record HistoryPage(Position Top, long Oldest, IReadOnlyList<PublishedMessage> Messages, bool More)
{
    /// <summary>Where earlier epochs ended: up to there their messages are this epoch's too, under the same seq.</summary>
    public IReadOnlyList<Position> Earlier { get; init; } = [];

    /// <summary>Whether every message after a position was kept when the page was read.</summary>
    public bool Reaches(Position position) => position.Seq <= EndOf(position.Epoch) && position.Seq + 1 >= Oldest;

    private long EndOf(string epoch)
    {
        if (epoch == Top.Epoch)
            return Top.Seq;
        foreach (var earlier in Earlier)
        {
            if (earlier.Epoch == epoch)
                return earlier.Seq;
        }
        return -1;
    }
}
