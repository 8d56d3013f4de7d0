using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Protocol.Messages;

namespace Gateway.Sessions;

/// <content>
/// Starting a subscription in a namespace with history. What was missed is read page by page, at the client's own speed, and
/// messages flow from the moment the last page reaches what the channel has sent: nothing is buffered, so nothing can overflow,
/// and no message falls between reading and subscribing.
/// </content>
internal sealed partial class Session
{
    /// <summary>Content bytes of one page; one page is what recovery holds at a time.</summary>
    private const int PageBytes = 64 * 1024;

    private const int PageMessages = 256;

    /// <summary>Reads in a row that ended behind the channel; then the client is told to recover again, lest this go on forever in a busy channel far from its history.</summary>
    private const int MaxChases = 64;

    private async ValueTask<bool> TryStartWithHistoryAsync(Subscription subscription, byte[] id, Position? recover, PresenceState? presence)
    {
        var name = subscription.Channel.Name;
        while (true)
        {
            long losses = subscription.Channel.Losses;
            var query = recover is { Seq: var seq } ? new HistoryQuery(seq, null, PageMessages, PageBytes) : HistoryQuery.PositionOnly;
            if (await _services.Backplane.ReadAsync(name, query) is not { } page)
                return false;
            bool? recovered = recover is { } position ? page.Reaches(position) : null;
            var reply = ReplyBuffer.Rent();
            ServerMessageWriter.Subscribed(reply, name.Json, id, page.Top.Epoch, page.Top.Seq, recovered, presence);
            if (recovered is true)
            {
                Outbox.Send(reply.WrittenSpan);
                // From here on in the epoch that the client was just told.
                await CatchUpAsync(subscription, page.Top with { Seq = recover!.Value.Seq }, page, losses);
                return true;
            }
            if (subscription.Channel.TryActivate(subscription, page.Top.Seq, losses, reply.WrittenSpan))
                return true;
            // A message came between reading the position and starting there: the position is read again.
        }
    }

    private async ValueTask CatchUpAsync(Subscription subscription, Position position, HistoryPage page, long losses)
    {
        var channel = subscription.Channel;
        long sent = position.Seq;
        int chases = 0;
        while (!_connection.IsClosing)
        {
            foreach (var message in page.Messages)
            {
                if (message.Seq != ++sent)
                {
                    OnGap(subscription);
                    return;
                }
                var frame = ReplyBuffer.Rent();
                ServerMessageWriter.Message(frame, channel.Name.Json, message.Content.Span, message.Sender, message.Seq, message.Time);
                Outbox.Send(frame.WrittenSpan);
            }
            if (sent >= page.Top.Seq)
            {
                if (channel.TryActivate(subscription, sent, losses, reply: default))
                    return;
                chases++;
            }
            await Outbox.FlushAsync();
            losses = channel.Losses;
            var next = await _services.Backplane.ReadAsync(channel.Name, new HistoryQuery(sent, null, PageMessages, PageBytes));
            if (next is null || chases > MaxChases || !next.Reaches(position with { Seq = sent }))
            {
                OnGap(subscription);
                return;
            }
            page = next;
        }
    }
}
