using System.Buffers;
using System.Text;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Protocol.Messages;

namespace Gateway.Tests.Channels;

public sealed class PresenceChangesTests
{
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
    }

    [Fact]
    public void Of_a_user_who_came_and_went_only_the_last_change_is_told()
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

        Assert.Equal(2, _changes.Take(Names.Of("a"), 10, new ArrayBufferWriter<byte>()));
        Assert.Equal(2, _changes.Version);
    }

    [Fact]
    public void Above_the_limit_of_users_only_the_count_is_told()
    {
        Add("+ann", 3);

        Assert.Equal("""{"type":"presence","channel":"a","count":3}""", Take(maxUsers: 2));
    }

    private bool Add(string change, int count) => _changes.Add(new PresenceChange(new PresentUser(change[1..], default), change[0] == '+', count));

    private string Take(int maxUsers = 10)
    {
        var message = new ArrayBufferWriter<byte>();
        _changes.Take(Names.Of("a"), maxUsers, message);
        return Encoding.UTF8.GetString(message.WrittenSpan);
    }
}
