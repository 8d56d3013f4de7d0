using System.Buffers;
using System.Text;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Protocol.Messages;

namespace Gateway.Tests.Channels;

public sealed class PresenceChangesTests
{
    private const string Nothing = "";

    private readonly PresenceChanges _changes = new();

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
        Assert.Equal(Nothing, Take());
    }

    [Fact]
    public void Opposite_changes_of_a_user_cancel_out()
    {
        Add("+ann", 1);
        Add("-ann", 0);
        Assert.Equal(Nothing, Take());

        Add("-bob", 0);
        Add("+bob", 1);
        Add("-bob", 0);
        Assert.Equal("""{"type":"presence","channel":"a","left":["bob"],"count":0}""", Take());
    }

    [Fact]
    public void They_do_not_where_somebody_else_read_a_snapshot_in_between()
    {
        Add("+ann", 1);
        Read("bob");
        Add("-ann", 0);

        Assert.Equal("""{"type":"presence","channel":"a","left":["ann"],"count":0}""", Take());
    }

    [Fact]
    public void They_do_not_while_a_snapshot_is_being_read()
    {
        Add("+ann", 1);
        _changes.StartReading();
        Add("-ann", 0);
        _changes.EndReading("bob");

        Assert.Equal("""{"type":"presence","channel":"a","left":["ann"],"count":0}""", Take());
    }

    [Fact]
    public void They_do_where_only_the_user_who_came_and_left_read_one()
    {
        Read("bob");
        Add("+ann", 1);
        Read("ann");
        Add("-ann", 0);

        Assert.Equal(Nothing, Take());
    }

    [Fact]
    public void Whoever_came_left_and_came_again_is_new_to_those_who_read_no_snapshot()
    {
        Add("+ann", 1);
        Read("bob");
        Add("-ann", 0);
        Add("+ann", 1);

        Assert.Equal("""{"type":"presence","channel":"a","joined":["ann"],"count":1}""", Take());
    }

    [Fact]
    public void Above_the_limit_of_users_only_the_count_is_told()
    {
        Add("+ann", 3);

        Assert.Equal("""{"type":"presence","channel":"a","count":3}""", Take(maxUsers: 2));
    }

    private void Read(string user)
    {
        _changes.StartReading();
        _changes.EndReading(user);
    }

    private bool Add(string change, int count) => _changes.Add(new PresenceChange(new PresentUser(change[1..], default), change[0] == '+', count));

    private string Take(int maxUsers = 10)
    {
        var message = new ArrayBufferWriter<byte>();
        return _changes.TryTake(Names.Of("a"), maxUsers, message, out _) ? Encoding.UTF8.GetString(message.WrittenSpan) : Nothing;
    }
}
