using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;

namespace Gateway.Server.Sessions;

/// <content>
/// Starting a subscription in a namespace with history. The position is read from the backplane, and messages flow from there, or from
/// where the channel has come to meanwhile: answers may be slower than messages, so it is not raced. What was missed is read page by
/// page, at the client's own speed, and what the channel sends after the last page is held until that has been sent; so no message falls
/// between the two.
/// </content>
internal sealed partial class ChannelSession
{
    /// <summary>Content bytes of one page; one page is what recovery holds at a time.</summary>
    private const int PageBytes = 64 * 1024;

    private const int PageMessages = 256;

    /// <summary>Attempts to start where the stream is being lost, or the channel has not heard yet that it was: a second in all.</summary>
    private const int MaxAttempts = 10;

    private const int AttemptMilliseconds = 20;

    /// <summary>What a client missed.</summary>
    /// <param name="Position">The last that it knows.</param>
    /// <param name="Page">The first page after that.</param>
    /// <param name="Generation"><see cref="Channel.Generation"/> before the page was read.</param>
    private readonly record struct Missed(Position Position, HistoryPage Page, long Generation);

    private async ValueTask<Start> StartWithHistoryAsync(Subscription subscription, byte[] id, Position? recover, PresenceState? presence)
    {
        var channel = subscription.Channel;
        for (int attempt = 0; attempt < MaxAttempts && !subscription.Ended; attempt++)
        {
            if (attempt > 0)
                await Task.Delay(TimeSpan.FromMilliseconds(attempt * AttemptMilliseconds), _services.Time);
            long generation = channel.Generation;
            var query = recover is { Seq: var seq } ? new HistoryQuery(seq, null, PageMessages, PageBytes) : HistoryQuery.PositionOnly;
            if (await _services.Backplane.ReadAsync(channel.Name, query) is not { } page)
                return default;
            if (recover is { } position && page.Reaches(position))
            {
                // From here on in the epoch that the client is told.
                var reply = Subscribed(subscription, id, page.Top, recovered: true, presence);
                bool hasBegun = subscription.Subscriber.TrySend(subscription, reply.WrittenSpan);
                return new Start(hasBegun, new Missed(page.Top with { Seq = position.Seq }, page, generation));
            }
            bool? recovered = recover is null ? null : false;
            if (channel.TryActivate(subscription, page.Top, generation, top => Subscribed(subscription, id, top, recovered, presence)))
                return new Start(HasBegun: true);
        }
        return default;
    }

    private async ValueTask CatchUpAsync(Subscription subscription, Missed missed)
    {
        var held = new HeldDeliveries(Writer, _services.Options.Limits.OutboundBytes);
        try
        {
            if (!await TryCatchUpAsync(subscription, missed, held))
                OnGap(subscription);
        }
        finally
        {
            held.Drop();
        }
    }

    /// <returns>False when the client has to start over; it need not when the subscription has ended.</returns>
    private async ValueTask<bool> TryCatchUpAsync(Subscription subscription, Missed missed, HeldDeliveries held)
    {
        var channel = subscription.Channel;
        var (position, page, generation) = missed;
        bool isHeld = false;
        for (int attempts = 0; ;)
        {
            foreach (var message in page.Messages)
            {
                // Those after where the channel was are among what is held.
                if (isHeld && message.Seq > subscription.StartSeq)
                    break;
                if (message.Seq != position.Seq + 1)
                    return false;
                position = position with { Seq = message.Seq };
                var frame = ReplyBuffer.Rent();
                ServerMessageWriter.Message(frame, channel.Name.Json, message.Content.Span, message.Sender.Span, message.Seq, message.Time);
                if (!Writer.TrySend(subscription, frame.WrittenSpan))
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
            await Writer.FlushAsync();
            if (subscription.Ended)
                return true;
            generation = channel.Generation;
            var next = await _services.Backplane.ReadAsync(channel.Name, new HistoryQuery(position.Seq, null, PageMessages, PageBytes));
            if (next is null || next.Top.Epoch != position.Epoch || !next.Reaches(position))
                return false;
            page = next;
        }
    }
}
