using Gateway.Server.Backplane;
using Gateway.Server.Channels;

namespace Gateway.Server.Sessions;

/// <summary>The messages that a recovering client missed, on their way to it. Lives as long as the request.</summary>
/// <remarks>
/// They are read page by page, at the client's own speed, and what the channel sends after the last page is held until that page has been
/// sent; so no message falls between the two.
/// </remarks>
/// <param name="session">The client's session.</param>
/// <param name="subscription">The subscription.</param>
/// <param name="page">The first page after the position.</param>
/// <param name="position">The last position that the client knows.</param>
/// <param name="generation">The channel's generation before the page was read.</param>
internal sealed class MissedMessages(
    ChannelSession session, ClientSubscription subscription, HistoryPage page, Position position, long generation)
{
    /// <summary>Content bytes of one page; recovery holds one page at a time.</summary>
    private const int PageBytes = 64 * 1024;

    private const int PageMessages = 256;

    private const int MaxAttempts = 10;

    /// <summary>A sixteenth of what a page may hold of memory.</summary>
    public const int PageCost = PageBytes / 16;

    public static HistoryQuery PageAfter(long seq) => new(seq, null, PageMessages, PageBytes);

    /// <summary>Sends them and lets the channel's messages follow; where messages are missing, the subscription ends.</summary>
    public async ValueTask SendAsync()
    {
        var held = new HeldDeliveries(session.Connection.Writer, session.Services.Options.Limits.OutboundBytes);
        try
        {
            if (!await TrySendAsync(held).ConfigureAwait(false))
                session.OnGap(subscription);
        }
        finally
        {
            held.Drop();
        }
    }

    /// <returns>False when the client has to start over; true also when the subscription has ended.</returns>
    private async ValueTask<bool> TrySendAsync(HeldDeliveries held)
    {
        var channel = subscription.Channel;
        bool isHeld = false;
        for (int attempts = 0; ;)
        {
            foreach (var message in page.Messages)
            {
                // Later messages than the channel had come to are among those that are held.
                if (isHeld && message.Seq > subscription.StartSeq)
                    break;
                if (message.Seq != position.Seq + 1)
                    return false;
                position = position with { Seq = message.Seq };
                if (!session.Replies.Recovered(subscription, message))
                    return true;
            }
            if (!isHeld && position.Seq >= page.Top.Seq)
            {
                subscription.Subscriber = held;
                isHeld = channel.TryActivate(subscription, position, generation, reply: null);
                if (!isHeld && ++attempts == MaxAttempts)
                    return false;
            }
            if (isHeld && position.Seq >= subscription.StartSeq)
                return held.TryRelease(subscription);
            await session.Connection.Writer.FlushAsync().ConfigureAwait(false);
            if (subscription.Ended)
                return true;
            generation = channel.Generation;
            var next = await session.Services.Backplane.ReadAsync(channel.Name, PageAfter(position.Seq)).ConfigureAwait(false);
            if (next is null || next.Top.Epoch != position.Epoch || !next.Reaches(position))
                return false;
            page = next;
        }
    }
}
