using System.Text.Json;
using Gateway.Chaos.Tests.Checking;

namespace Gateway.Chaos.Tests;

/// <summary>That the checker finds out a gateway that lies, and believes one that does not.</summary>
public sealed class LieTests
{
    private const string Channel = "log:1";
    private readonly RunClock _clock = new();
    private readonly Problems _problems;
    private readonly Ledger _ledger;

    public LieTests()
    {
        _problems = new Problems(_clock, new FaultLog(_clock));
        _ledger = new Ledger(_clock, _problems);
    }

    [Fact]
    public void Messages_in_their_order_are_believed()
    {
        var follower = Subscribed("ann", "e1", 0);

        for (int number = 1; number <= 5; number++)
        {
            Send(number);
            Get(follower, number, number);
            _ledger.Acknowledged(Id(number), new Position("e1", number));
        }

        Assert.Equal(0, _problems.Total);
        Assert.Equal(5, _ledger.Figures.Checked);
    }

    [Fact]
    public void What_is_missed_and_recovered_is_believed()
    {
        var follower = Subscribed("ann", "e1", 0);
        Send(1, 2, 3);
        Get(follower, 1, 1);
        follower.Ended("lost its connection");

        Assert.Equal(new Position("e1", 1), follower.Asking());
        follower.Subscribed("e1", 3, recovered: true);
        Get(follower, 2, 2);
        Get(follower, 3, 3);

        Assert.Equal(0, _problems.Total);
    }

    [Fact]
    public void A_loss_that_is_told_is_believed()
    {
        var follower = Subscribed("ann", "e1", 0);
        Send(1, 2, 3, 4);
        Get(follower, 1, 1);
        follower.Ended("unsubscribed with insufficient_state");
        follower.Asking();
        follower.Subscribed("e1", 3, recovered: false);
        Get(follower, 4, 4);

        Assert.Equal(0, _problems.Total);
        Assert.Equal(1, _ledger.Figures.ToldLosses);
    }

    [Fact]
    public void A_new_epoch_that_begins_with_what_the_old_one_had_is_believed()
    {
        var follower = Subscribed("ann", "e1", 0);
        Send(1, 2, 3);
        Get(follower, 1, 1);
        follower.Ended("unsubscribed with insufficient_state");
        follower.Asking();
        follower.Subscribed("e2", 1, recovered: true);
        Get(follower, 2, 2);
        Page("e2", (1, 1), (2, 2));
        _ledger.CheckLinks();

        Assert.Equal(0, _problems.Total);
        Assert.Equal(new Position("e2", 2), follower.Position);
    }

    [Fact]
    public void A_gap_is_found()
    {
        var follower = Subscribed("ann", "e1", 0);
        Send(1, 2, 3);
        Get(follower, 1, 1);
        Get(follower, 3, 3);

        Finds(ProblemKind.Gap, "ann in log:1 got seq 3 where 2 was due in epoch e1");
    }

    [Fact]
    public void A_gap_in_what_is_recovered_is_found()
    {
        var follower = Subscribed("ann", "e1", 0);
        Send(1, 2, 3);
        Get(follower, 1, 1);
        follower.Ended("lost its connection");
        follower.Asking();
        follower.Subscribed("e1", 3, recovered: true);
        Get(follower, 3, 3);

        Finds(ProblemKind.Gap, "got seq 3 where 2 was due");
    }

    [Fact]
    public void A_gap_after_a_plain_subscription_is_found()
    {
        var follower = Subscribed("ann", "e1", 7);
        Send(1);
        Get(follower, 9, 1);

        Finds(ProblemKind.Gap, "got seq 9 where 8 was due");
    }

    [Fact]
    public void A_message_that_comes_again_is_found()
    {
        var follower = Subscribed("ann", "e1", 0);
        Send(1);
        Get(follower, 1, 1);
        Get(follower, 1, 1);

        Finds(ProblemKind.Gap, "got seq 1 where 2 was due");
        Finds(ProblemKind.Double, "got p1#1, sent 1 times, once more");
    }

    [Fact]
    public void A_key_that_does_not_hold_is_found()
    {
        var follower = Subscribed("ann", "e1", 0);
        Send(1);
        Send(1);
        Get(follower, 1, 1);
        Get(follower, 2, 1);

        Finds(ProblemKind.Double, "log:1: p1#1, sent 2 times, stands at e1/1 and, by ann, at e1/2");
    }

    [Fact]
    public void Two_messages_at_one_position_are_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        var bob = Subscribed("bob", "e1", 0);
        Send(1, 2);
        Get(ann, 1, 1);
        Get(bob, 1, 2);

        Finds(ProblemKind.TwoContents, "log:1 at e1/1: p1#2 by bob, p1#1 by ann");
    }

    [Fact]
    public void An_acknowledgement_of_another_message_s_position_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1, 2);
        Get(ann, 1, 1);
        _ledger.Acknowledged(Id(2), new Position("e1", 1));

        Finds(ProblemKind.TwoContents, "p1#2 by the ack, p1#1 by ann");
    }

    [Fact]
    public void History_that_says_something_else_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1, 2);
        Get(ann, 1, 1);
        Page("e1", (1, 2));

        Finds(ProblemKind.TwoContents, "p1#2 by history read by bob, p1#1 by ann");
    }

    [Fact]
    public void A_gap_in_history_is_found()
    {
        Send(1, 2);
        Page("e1", (1, 1), (3, 2));

        Finds(ProblemKind.Gap, "history of log:1 in e1 has seq 3 after 1");
    }

    /// <summary>Redis came back at 1 with the same epoch; what was published since took the positions that were in use.</summary>
    [Fact]
    public void Positions_that_are_used_again_are_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1, 2, 3, 4, 5);
        Get(ann, 1, 1);
        Get(ann, 2, 2);
        Get(ann, 3, 3);
        ann.Ended("lost its connection");
        _ledger.Acknowledged(Id(4), new Position("e1", 2));
        _ledger.Acknowledged(Id(5), new Position("e1", 3));

        Finds(ProblemKind.TwoContents, "p1#4 by the ack, p1#2 by ann");
    }

    [Fact]
    public void What_redis_acknowledged_and_lost_before_anybody_got_it_nobody_can_know()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1);
        _ledger.Acknowledged(Id(1), new Position("e1", 1));
        _ledger.StoreLost();
        Send(2);
        Get(ann, 1, 2);

        Assert.Equal(0, _problems.Total);
        Assert.Equal(1, _ledger.Figures.LostUnseen);
    }

    [Fact]
    public void A_recovery_to_before_where_the_client_was_is_found()
    {
        var ann = Subscribed("ann", "e1", 15);
        ann.Ended("lost its connection");
        ann.Asking();
        ann.Subscribed("e1", 10, recovered: true);

        Finds(ProblemKind.FalseRecovery, "recovered: true from e1/15 at a channel that is at e1/10");
    }

    [Fact]
    public void A_recovery_into_an_epoch_with_another_past_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1, 2, 3, 4);
        Get(ann, 1, 1);
        Get(ann, 2, 2);
        ann.Ended("lost its connection");
        ann.Asking();
        ann.Subscribed("e2", 3, recovered: true);
        Get(ann, 3, 4);
        Page("e2", (1, 1), (2, 3));
        _ledger.CheckLinks();

        Finds(ProblemKind.FalseRecovery, "from e1/2 to epoch e2", "seq 2 was p1#2 by ann and is p1#3");
    }

    [Fact]
    public void A_message_that_stands_in_two_epochs_without_having_been_sent_again_is_found()
    {
        var ann = Subscribed("ann", "e1", 4);
        Send(1);
        Get(ann, 5, 1);
        _ledger.Acknowledged(Id(1), new Position("e2", 1));

        Finds(ProblemKind.Double, "p1#1, sent once, stands at e1/5 and, by the ack, at e2/1");
    }

    [Fact]
    public void A_changed_order_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1, 2);
        Get(ann, 1, 2);
        Get(ann, 2, 1);

        Finds(ProblemKind.Order, "got p1#1 after number 2 of the same connection");
    }

    [Fact]
    public void What_was_sent_again_may_come_later_than_what_was_sent_after_it()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1, 2, 1);
        Get(ann, 1, 2);
        Get(ann, 2, 1);

        Assert.Equal(0, _problems.Total);
    }

    [Fact]
    public void A_changed_content_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1);
        using var changed = JsonDocument.Parse(Id(1).Content.Replace("\"text\":\"", "\"text\":\"x", StringComparison.Ordinal));
        ann.Received(1, changed.RootElement);

        Finds(ProblemKind.Altered, "ann got in log:1 a content that nobody sent");
    }

    [Fact]
    public void A_message_of_another_channel_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        _ledger.Sending(Id(1), "log:2", connection: 1);
        Get(ann, 1, 1);

        Finds(ProblemKind.Altered, "p1#1, which was sent to log:2");
    }

    [Fact]
    public void A_message_that_nobody_sent_is_found()
    {
        Get(Subscribed("ann", "e1", 0), 1, 1);

        Finds(ProblemKind.Altered, "p1#1, which was not sent yet");
    }

    [Fact]
    public void A_refusal_of_what_was_done_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1);
        _ledger.Refused(Id(1));
        Get(ann, 1, 1);

        Finds(ProblemKind.RefusedButDone, "ann got p1#1 in log:1, sent once and each time answered with an error");
    }

    [Fact]
    public void A_message_after_the_end_of_the_subscription_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        Send(1);
        ann.Ended("unsubscribed as it asked");
        Get(ann, 1, 1);

        Finds(ProblemKind.Unsubscribed, "got a message without a subscription");
    }

    [Fact]
    public void An_answer_that_does_not_say_whether_it_recovered_is_found()
    {
        var ann = Subscribed("ann", "e1", 0);
        ann.Asking();
        ann.Subscribed("e1", 0, recovered: null);

        Finds(ProblemKind.Protocol, "after recover");
    }

    [Fact]
    public void Without_history_too_a_message_that_comes_again_or_before_its_time_is_found()
    {
        var ann = new Follower(_ledger, "ann", "raw:1", hasHistory: false);
        ann.Asking();
        ann.Subscribed(null, null, null);
        for (int number = 1; number <= 3; number++)
            _ledger.Sending(Id(number), "raw:1", connection: 1);
        Get(ann, null, 1);
        Get(ann, null, 3);
        Get(ann, null, 2);
        Get(ann, null, 3);

        Finds(ProblemKind.Order, "got p1#2 after number 3");
        Finds(ProblemKind.Double, "got p1#3, sent 1 times, once more");
    }

    [Fact]
    public void Without_history_what_is_sent_again_after_redis_lost_its_key_may_come_again()
    {
        var ann = new Follower(_ledger, "ann", "raw:1", hasHistory: false);
        ann.Asking();
        ann.Subscribed(null, null, null);
        _ledger.Sending(Id(1), "raw:1", connection: 1);
        Get(ann, null, 1);
        _ledger.StoreLost();
        _ledger.Sending(Id(1), "raw:1", connection: 1);
        Get(ann, null, 1);

        Assert.Equal(0, _problems.Total);
    }

    [Fact]
    public void A_late_answer_is_found_and_one_of_a_node_that_did_not_run_is_not()
    {
        var answers = new AnswerTimes(_clock, _problems, new Busyness(_clock));
        var node = new Disturbances(_clock);
        var late = new PendingRequest("ping", "ann", "n1", node, ConnectedAt: -60_000, SentAt: -20_000, Channel: null);

        answers.Done(late, isAnswered: true);

        Finds(ProblemKind.LateAnswer, "ping of ann to n1", "was answered after 20");
        var stopped = new Disturbances(new RunClock());
        stopped.Begin(Disturbance.Swallowed);
        answers.Done(late with { Node = stopped }, isAnswered: true);
        Assert.Equal(1, _problems.Total);
    }

    [Fact]
    public void A_wrong_view_of_presence_is_found()
    {
        var view = new PresenceView();
        Take("""{"users":["ann","bob"],"count":2}""");
        Take("""{"joined":["eve"],"left":["bob"],"count":2}""");

        Assert.Null(PresenceView.Difference(view.Users, ["ann", "eve"]));
        Assert.Equal("missing [carl], ghosts [eve] of 2", PresenceView.Difference(view.Users, ["ann", "carl"]));

        void Take(string json)
        {
            using var message = JsonDocument.Parse(json);
            view.Take(message.RootElement);
        }
    }

    private static MessageId Id(int number) => new(1, number);

    private Follower Subscribed(string name, string epoch, long seq)
    {
        var follower = new Follower(_ledger, name, Channel, hasHistory: true);
        follower.Asking();
        follower.Subscribed(epoch, seq, recovered: null);
        return follower;
    }

    private void Send(params int[] numbers)
    {
        foreach (int number in numbers)
            _ledger.Sending(Id(number), Channel, connection: 1);
    }

    private static void Get(Follower follower, long? seq, int number)
    {
        using var content = JsonDocument.Parse(Id(number).Content);
        follower.Received(seq, content.RootElement);
    }

    private void Page(string epoch, params (long Seq, int Number)[] messages)
    {
        var documents = messages.Select(message => (message.Seq, JsonDocument.Parse(Id(message.Number).Content))).ToList();
        _ledger.Page("bob", Channel, epoch, [.. documents.Select(entry => (entry.Seq, entry.Item2.RootElement))]);
    }

    private void Finds(ProblemKind kind, params string[] said)
    {
        Assert.Contains(
            _problems.First, problem => problem.Kind == kind && said.All(part => problem.Text.Contains(part, StringComparison.Ordinal)));
    }
}
