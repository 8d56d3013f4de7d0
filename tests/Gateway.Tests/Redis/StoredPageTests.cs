using Gateway.Server.Backplane;
using Gateway.Server.Backplane.Redis;

namespace Gateway.Tests.Redis;

/// <summary>Pages of streams to which others than gateways have written, or from which they have deleted.</summary>
public sealed class StoredPageTests
{
    private static readonly HistoryQuery All = new(0, null, 100, 1000);
    private static readonly HistoryQuery Newest = new(null, null, 100, 1000);

    [Fact]
    public void A_stream_as_gateways_write_it_is_taken_whole()
    {
        Is(Page(5, All, "1-0 2-0 3-0 4-0 5-0"), oldest: 1, broken: 0, 1, 2, 3, 4, 5);
        Is(Page(5, Newest, "5-0 4-0 3-0 2-0 1-0"), oldest: 1, broken: 0, 1, 2, 3, 4, 5);
        // The oldest were dropped.
        Is(Page(5, All, "4-0 5-0", oldest: "4-0"), oldest: 4, broken: 0, 4, 5);
        // None is kept any more, or there never was one.
        Is(Page(5, All, "", oldest: ""), oldest: 6, broken: 0);
        Is(Page(0, All, "", oldest: ""), oldest: 1, broken: 0);
        Is(Page(5, All with { After = 5 }, ""), oldest: 1, broken: 0);
        Is(Page(5, HistoryQuery.PositionOnly, ""), oldest: 1, broken: 0);
        Is(Page(5, Newest with { Before = 3 }, "2-0 1-0"), oldest: 1, broken: 0, 1, 2);
    }

    [Fact]
    public void An_unreadable_entry_is_a_hole_behind_which_history_begins()
    {
        Is(Page(5, All, "1-0 2-0 3-0! 4-0 5-0"), oldest: 4, broken: 1, 4, 5);
        Is(Page(5, Newest, "5-0 4-0 3-0! 2-0 1-0", more: true), oldest: 4, broken: 1, 4, 5);
        Assert.False(Page(5, Newest, "5-0 4-0 3-0! 2-0 1-0", more: true).More);
        Is(Page(5, All, "1-0! 2-0! 3-0 4-0 5-0"), oldest: 3, broken: 2, 3, 4, 5);
        Is(Page(5, All, "1-0 2-0 3-0 4-0 5-0!"), oldest: 6, broken: 1);
        Is(Page(9, All, "1-0 2-0!", more: true), oldest: 3, broken: 1);
    }

    [Fact]
    public void A_deleted_entry_is_a_hole_too()
    {
        Is(Page(5, All, "1-0 3-0 4-0 5-0"), oldest: 3, broken: 0, 3, 4, 5);
        Is(Page(5, All, "2-0 3-0 4-0 5-0"), oldest: 2, broken: 0, 2, 3, 4, 5);
        Is(Page(5, All with { After = 2 }, "4-0 5-0"), oldest: 4, broken: 0, 4, 5);
        Is(Page(5, All, "1-0 2-0 3-0 4-0"), oldest: 6, broken: 0);
        Is(Page(5, All with { After = 4 }, ""), oldest: 6, broken: 0);
    }

    [Fact]
    public void Foreign_entries_beside_the_messages_are_left_out()
    {
        Is(Page(5, All, "1-0 1-1 2-0 3-0 3-7! 4-0 5-0 5-1 6-0 99-0! 18446744073709551615-0"), oldest: 1, broken: 6, 1, 2, 3, 4, 5);
        Is(Page(5, Newest, "18446744073709551615-3 7-0 5-0 4-0 3-0 2-0 1-0"), oldest: 1, broken: 2, 1, 2, 3, 4, 5);
        Is(Page(5, All, "0-7 4-0 5-0", oldest: "0-7"), oldest: 4, broken: 1, 4, 5);
        Is(Page(2, All, "1764352800123-0", oldest: "1764352800123-0"), oldest: 3, broken: 1);
        // However many there are, whoever reads on gets on.
        Assert.True(Page(9, All with { After = 4 }, "5-1 5-2 5-3", more: true).Oldest > 5);
    }

    /// <param name="top">The channel's last seq.</param>
    /// <param name="query">What was asked for.</param>
    /// <param name="read">The entries' ids in the order in which Redis gives them; a <c>!</c> behind one that is broken.</param>
    /// <param name="oldest">The id of the oldest entry.</param>
    /// <param name="more">Whether there are more.</param>
    private static StoredPage Page(long top, HistoryQuery query, string read, string oldest = "1-0", bool more = false)
    {
        byte[] body = Records.Body();
        var entries = read.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(id => (id.TrimEnd('!'), id[^1] == '!' ? body[1..] : body));
        return StoredPage.Of(new Position(Records.Epoch, top), oldest, entries, more, [], query);
    }

    private static void Is(StoredPage page, long oldest, int broken, params long[] seqs)
    {
        Assert.Equal(seqs, page.Entries.Select(entry => entry.Seq));
        Assert.Equal((oldest, broken), (page.Oldest, page.Broken));
    }
}
