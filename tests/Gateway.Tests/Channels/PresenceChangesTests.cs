using System.Buffers;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Dialects.Native;

namespace Gateway.Tests.Channels;

public sealed class PresenceChangesTests
{
    private readonly PresenceChanges _changes = new(gatherer: null);
    private long _version;

    [Fact]
    public void Only_the_first_change_since_the_last_send_asks_to_be_sent()
    {
        Assert.True(Add("+ann", 1));
        Assert.False(Add("+bob", 2));
        Take();
        Assert.True(Add("-bob", 1));
    }

    [Fact]
    public void Changes_are_gathered_into_one_message_with_the_last_count()
    {
        Add("+ann", 1);
        Add("+bob", 2);
        Take();
        Add("-ann", 1);
        Add("+carol", 2);

        Assert.Equal("""{"type":"presence","channel":"a","joined":["carol"],"left":["ann"],"count":2}""", Take());
    }

    [Fact]
    public void Of_a_user_who_came_and_went_only_the_last_change_is_sent()
    {
        Add("+ann", 1);
        Add("-ann", 0);
        Assert.Equal("""{"type":"presence","channel":"a","left":["ann"],"count":0}""", Take());

        Add("-bob", 0);
        Add("+bob", 1);
        Assert.Equal("""{"type":"presence","channel":"a","joined":["bob"],"count":1}""", Take());
    }

    [Fact]
    public void The_version_taken_is_that_of_the_newest_change()
    {
        Add("+ann", 1);
        Add("+bob", 2);

        Assert.Equal(2, _changes.Take(maxUsers: 10).Last);
        Assert.Equal(2, _changes.Sent);
    }

    [Fact]
    public void Above_the_limit_of_users_only_the_count_is_sent()
    {
        Add("+ann", 3);

        Assert.Equal("""{"type":"presence","channel":"a","count":3}""", Take(maxUsers: 2));
    }

    [Fact]
    public void A_subscription_begun_in_between_is_sent_the_changes_that_its_snapshot_lacks()
    {
        Add("+ann", 1);
        Assert.True(_changes.TryStart(1));
        Add("+bob", 2);
        Add("+carol", 3);
        Assert.True(_changes.TryStart(3));
        // A snapshot may be ahead of the changes.
        Assert.True(_changes.TryStart(4));

        Assert.Equal(
            [
                """0-1 {"type":"presence","channel":"a","joined":["ann","bob","carol"],"count":3}""",
                """1-2 {"type":"presence","channel":"a","joined":["bob","carol"],"count":3}""",
            ],
            TakeAll());
        Add("+dave", 4);
        Add("+eve", 5);
        Assert.Equal(
            [
                """0-4 {"type":"presence","channel":"a","joined":["dave","eve"],"count":5}""",
                """4-5 {"type":"presence","channel":"a","joined":["eve"],"count":5}""",
            ],
            TakeAll());
    }

    [Fact]
    public void A_snapshot_older_than_what_was_sent_does_not_do()
    {
        Add("+ann", 1);
        Add("+bob", 2);
        Take();

        Assert.False(_changes.TryStart(1));
        Assert.True(_changes.TryStart(2));
    }

    [Fact]
    public void However_many_begin_in_between_the_frames_are_bounded()
    {
        int started = 0;
        for (int i = 0; i < 1000; i++)
        {
            Add($"+u{i}", i + 1);
            started += _changes.TryStart(i + 1) ? 1 : 0;
        }
        Add("+last", 1001);

        Assert.InRange(TakeAll(maxUsers: 10_000).Length, 2, started + 1);
        Assert.InRange(started, 1, 100);
        // The next user finds capacity again.
        Add("+later", 1002);
        Assert.True(_changes.TryStart(1002));
    }

    [Fact]
    public void After_a_loss_no_change_is_sent_that_the_snapshot_holds()
    {
        Add("+ann", 1);
        Add("+bob", 2);
        _changes.Invalidate();
        Assert.False(_changes.TryStart(2));
        Add("+carol", 3);

        _changes.Restart(2);

        Assert.True(_changes.TryStart(2));
        Assert.Equal(["""0-3 {"type":"presence","channel":"a","joined":["carol"],"count":3}"""], TakeAll());
    }

    [Fact]
    public void After_the_backplane_has_lost_its_last_changes_the_next_are_sent()
    {
        _version = 10;
        Add("+ann", 1);
        Take();
        _changes.Invalidate();
        _changes.Restart(5);
        _version = 5;

        Assert.True(Add("+bob", 2));
        Assert.Equal("""{"type":"presence","channel":"a","joined":["bob"],"count":2}""", Take());
    }

    [Fact]
    public void Names_come_back_by_a_snapshot_now_and_then_however_often_the_limit_is_passed()
    {
        int snapshots = 0;
        for (int now = 0; now < 60_000; now += 200)
        {
            Add("+ann", 3);
            Take(maxUsers: 2);
            Assert.Equal(PresenceTurn.Over, _changes.Next(maxUsers: 2, now));
            Add("-ann", 2);
            Take(maxUsers: 2);
            var next = _changes.Next(maxUsers: 2, now);
            Assert.NotEqual(PresenceTurn.Over, next);
            if (next != PresenceTurn.Snapshot)
                continue;
            snapshots++;
            _changes.Restart(_version);
            Assert.Equal(PresenceTurn.Over, _changes.Next(maxUsers: 2, now));
        }

        Assert.Equal(6, snapshots);
    }

    private bool Add(string change, int count) =>
        _changes.Add(new PresenceChange(new PresentUser(change[1..], default), change[0] == '+', count, ++_version));

    private string Take(int maxUsers = 10) => TakeAll(maxUsers).Single().Split(' ', 2)[1];

    /// <summary>Takes the frames, each behind the versions of its receivers.</summary>
    private string[] TakeAll(int maxUsers = 10)
    {
        var gathered = _changes.Take(maxUsers);
        return [.. gathered.Audiences(maxUsers).Select(audience =>
        {
            var message = new ArrayBufferWriter<byte>();
            NativeEncoding.Write(message, Names.Of("a"), gathered.MessageFor(audience, maxUsers));
            return $"{audience.From}-{audience.Before} {Encoding.UTF8.GetString(message.WrittenSpan)}";
        })];
    }
}
