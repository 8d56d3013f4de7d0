using System.Text;
using Gateway.TestSupport;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Client.Tests;

/// <summary>A subscription and the gateway's messages, without a network: sequences of messages that are rare on one.</summary>
public sealed class ChannelSubscriptionTests : IAsyncDisposable
{
    private readonly ManualTime _time = new();
    private readonly SubscriptionTable _table;
    private readonly ChannelSubscription _subscription;
    private int _asked;

    public ChannelSubscriptionTests()
    {
        _table = new SubscriptionTable(_time, NullLogger.Instance, CancellationToken.None);
        _subscription = new ChannelSubscription("c", new SubscribeOptions { Buffer = 4, Token = CountAsync }, _table);
        _subscription.OnConnected();
    }

    [Fact]
    public async Task After_insufficient_state_it_asks_again_and_goes_on_behind_what_it_has()
    {
        Subscribed(id: 1, seq: 0);
        Message(1);

        _subscription.OnUnsubscribed(Read("""{"type":"unsubscribed","channel":"c","code":"insufficient_state"}"""));
        Message(4);
        Subscribed(id: 2, seq: 3, ""","recovered":true""");
        Message(2);
        Message(3);

        Assert.Equal([1, 2, 3], await TakeAsync(3));
        await AskedAsync(2);
    }

    [Fact]
    public async Task A_gap_is_asked_for_again_and_what_came_twice_is_passed_over()
    {
        Subscribed(id: 1, seq: 0);
        Message(1);
        Message(1);
        Message(3);
        Subscribed(id: 2, seq: 3, ""","recovered":true""");
        Message(2);
        Message(3);

        Assert.Equal([1, 2, 3], await TakeAsync(3));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_own_message_without_echo_is_no_gap_whether_it_is_acknowledged_before_or_after_the_next_message(bool before)
    {
        Subscribed(id: 1, seq: 0);
        Message(1);
        _subscription.OnPublishing(7);
        if (before)
            _subscription.OnAnswered(7, At(2));
        Message(3);
        if (!before)
            _subscription.OnAnswered(7, At(2));
        Message(4);

        Assert.Equal([1, 3, 4], await TakeAsync(3));
        await AskedAsync(1);
    }

    [Fact]
    public async Task What_is_held_for_an_acknowledgement_is_recovered_when_that_explains_something_else()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        Message(2);

        _subscription.OnAnswered(7, At(3));
        Subscribed(id: 2, seq: 4, ""","recovered":true""");
        for (int seq = 1; seq <= 4; seq++)
            Message(seq);

        // The own message, which comes with the others now, is passed over.
        Assert.Equal([1, 2, 4], await TakeAsync(3));
        await AskedAsync(2);
    }

    [Fact]
    public async Task A_refused_message_explains_no_gap()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        Message(2);

        _subscription.OnAnswered(7, position: null);

        await AskedAsync(2);
    }

    [Fact]
    public async Task A_gap_of_more_than_may_be_acknowledged_is_recovered_at_once()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        Message(3);

        await AskedAsync(2);
    }

    [Fact]
    public async Task What_was_sent_after_a_gap_was_seen_does_not_delay_its_recovery()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        Message(2);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        _subscription.OnPublishing(8);

        _subscription.OnAnswered(7, At(3));

        await AskedAsync(2);
    }

    [Fact]
    public async Task An_acknowledgement_is_waited_for_five_seconds()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        Message(2);

        _time.Advance(UnechoedPublishes.AnswerTimeout - TimeSpan.FromMilliseconds(1));
        _subscription.OnTick();
        _subscription.OnAnswered(7, At(1));

        Assert.Equal([2], await TakeAsync(1));
        await AskedAsync(1);
    }

    [Fact]
    public async Task One_that_is_sent_again_may_explain_what_came_before()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        Message(2);
        _time.Advance(TimeSpan.FromSeconds(1));
        _subscription.OnPublishing(7);
        _subscription.OnTick();

        _subscription.OnAnswered(7, At(1));

        Assert.Equal([2], await TakeAsync(1));
    }

    [Fact]
    public async Task After_that_it_is_a_gap()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        Message(2);

        _time.Advance(UnechoedPublishes.AnswerTimeout);
        _subscription.OnTick();

        await AskedAsync(2);
    }

    [Fact]
    public async Task More_than_the_buffer_is_not_held_for_an_acknowledgement()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        for (int seq = 2; seq <= 6; seq++)
            Message(seq);

        await AskedAsync(2);
    }

    [Fact]
    public async Task Acknowledgements_of_an_earlier_epoch_explain_nothing()
    {
        Subscribed(id: 1, seq: 0);
        _subscription.OnPublishing(7);
        _subscription.OnAnswered(7, new Position("before", 1));
        Message(2);

        await AskedAsync(2);
    }

    [Fact]
    public async Task A_refusal_for_the_moment_is_tried_again_later()
    {
        _subscription.OnError(Read("""{"type":"error","id":1,"code":"unavailable","message":"away","retryAfter":5000}"""));

        _time.Advance(TimeSpan.FromSeconds(5) - TimeSpan.FromMilliseconds(1));
        _subscription.OnTick();
        await AskedAsync(1);
        _time.Advance(TimeSpan.FromSeconds(1.1));
        _subscription.OnTick();
        await AskedAsync(2);
        Subscribed(id: 2, seq: 7);

        Assert.Equal(new Position("e", 7), await _subscription.Started);
    }

    [Fact]
    public async Task Its_own_token_that_expired_is_replaced()
    {
        Subscribed(id: 1, seq: 0);

        _subscription.OnUnsubscribed(Read("""{"type":"unsubscribed","channel":"c","code":"expired"}"""));
        Subscribed(id: 2, seq: 0, ""","recovered":true""");
        Message(1);

        await AskedAsync(2);
        Assert.Equal([1], await TakeAsync(1));
    }

    [Fact]
    public async Task A_reader_is_told_of_interruptions_that_nobody_read_yet_once()
    {
        for (int id = 1; id <= 5; id++)
        {
            _subscription.OnSubscribed(Read($$"""{"type":"subscribed","channel":"c","id":{{id}}}"""));
            _subscription.OnDisconnected();
            _subscription.OnConnected();
        }
        _subscription.End(failure: null);

        Assert.Equal(LossReason.Reconnected, (await _subscription.TakeAsync(default))!.Value.Loss!.Reason);
        Assert.Null(await _subscription.TakeAsync(default));
    }

    public async ValueTask DisposeAsync() => await _table.CloseAsync(reason: null);

    private ValueTask<string?> CountAsync(CancellationToken cancellation)
    {
        Interlocked.Increment(ref _asked);
        return new ValueTask<string?>("token");
    }

    private Task AskedAsync(int times) => Eventually.TrueAsync(() => _asked == times, $"asked {times} times");

    private void Subscribed(int id, long seq, string more = "") =>
        _subscription.OnSubscribed(Read($$"""{"type":"subscribed","channel":"c","id":{{id}},"epoch":"e","seq":{{seq}}{{more}}}"""));

    private static Position At(long seq) => new("e", seq);

    private void Message(long seq) => _subscription.OnMessage(Read($$"""{"type":"message","channel":"c","content":0,"seq":{{seq}}}"""));

    private async Task<List<long>> TakeAsync(int count)
    {
        var seqs = new List<long>();
        while (seqs.Count < count)
            seqs.Add((await _subscription.TakeAsync(Clients.Deadline))!.Value.Position!.Value.Seq);
        return seqs;
    }

    private static ServerMessage Read(string json) => ServerMessage.Read(Encoding.UTF8.GetBytes(json));
}
