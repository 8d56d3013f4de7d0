using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Naming;

namespace Gateway.Tests.Channels;

public sealed class FrameBatchTests
{
    private static readonly ChannelName Name = Names.Of("a");

    [Fact]
    public void Frames_stand_back_to_back_each_a_whole_unmasked_text_frame()
    {
        var batch = FrameBatch.Rent(NativeEncoding.Instance);
        Append(batch, "1", seq: 1);
        Append(batch, "\"" + new string('x', 300) + "\"", seq: 2);

        Assert.Equal((2, 1, 2), (batch.Count, batch.FirstSeq, batch.LastSeq));
        Assert.Equal(FrameOf(batch, 0).Length + FrameOf(batch, 1).Length, batch.Length);
        Assert.True(batch.Bytes.StartsWith(FrameOf(batch, 0)));
        Assert.True(batch.Bytes.EndsWith(FrameOf(batch, 1)));
        Assert.Equal(0x81, FrameOf(batch, 0)[0]);
        Assert.Equal(FrameOf(batch, 0).Length - 2, FrameOf(batch, 0)[1]);
        Assert.Equal(126, FrameOf(batch, 1)[1]);
        Assert.Equal("""{"type":"message","channel":"a","content":1,"seq":1}""", Encoding.UTF8.GetString(FrameOf(batch, 0)[2..]));
        batch.Release();
    }

    [Fact]
    public void Frames_survive_the_buffer_growing()
    {
        var batch = FrameBatch.Rent(NativeEncoding.Instance);
        for (int i = 0; i < 500; i++)
            Append(batch, $"{i}", seq: 0);

        for (int i = 0; i < 500; i++)
            Assert.Equal($$"""{"type":"message","channel":"a","content":{{i}}}""", Encoding.UTF8.GetString(FrameOf(batch, i)[2..]));
        batch.Release();
    }

    [Fact]
    public void An_empty_batch_takes_any_frame_and_one_with_frames_only_up_to_its_target()
    {
        var batch = FrameBatch.Rent(NativeEncoding.Instance);
        Assert.True(batch.HasRoomFor(10 * FrameBatch.TargetBytes));

        Append(batch, "1", seq: 0);

        Assert.True(batch.HasRoomFor(FrameBatch.TargetBytes - batch.Length));
        Assert.False(batch.HasRoomFor(FrameBatch.TargetBytes - batch.Length + 1));
        batch.Release();
    }

    [Fact]
    public void A_batch_is_selective_as_soon_as_one_frame_is_not_for_all()
    {
        var batch = FrameBatch.Rent(NativeEncoding.Instance);
        Append(batch, "1", seq: 0);
        Assert.False(batch.IsSelective);
        Append(batch, "2", seq: 0, except: ConnectionId.Next());
        Assert.True(batch.IsSelective);
        batch.Release();

        batch = FrameBatch.Rent(NativeEncoding.Instance);
        Assert.False(batch.IsSelective);
        batch.AppendPresence(Name, PresenceMessage.Of(null, null, 1), new PresenceAudience(0, 1, 1));
        Assert.True(batch.IsSelective);
        batch.Release();
    }

    [Fact]
    public void A_message_is_for_all_but_its_publisher_and_those_that_got_it_from_history()
    {
        var (me, you) = (ConnectionId.Next(), ConnectionId.Next());
        var subscription = SilentSubscriber.Subscription(me);
        subscription.StartSeq = 5;

        Assert.False(new FrameEntry(0, 1, Seq: 5, Except: null, Presence: null).IsFor(subscription));
        Assert.True(new FrameEntry(0, 1, Seq: 6, Except: null, Presence: null).IsFor(subscription));
        Assert.True(new FrameEntry(0, 1, Seq: 0, Except: you, Presence: null).IsFor(subscription));
        Assert.False(new FrameEntry(0, 1, Seq: 0, Except: me, Presence: null).IsFor(subscription));
    }

    [Fact]
    public void A_presence_change_is_for_those_with_an_older_snapshot_and_no_missed_change()
    {
        var subscription = SilentSubscriber.Subscription();
        subscription.PresenceVersion = 3;

        Assert.False(Change(0, 3).IsFor(subscription));
        Assert.True(Change(0, 4).IsFor(subscription));
        Assert.True(Change(3, 4).IsFor(subscription));
        Assert.False(Change(4, 5).IsFor(subscription));

        subscription.LosePresence();
        Assert.False(Change(0, 9).IsFor(subscription));
        Assert.True(Change(Subscription.LostPresence, 0).IsFor(subscription));
        subscription.FindPresence(7);
        Assert.Equal(7, subscription.PresenceVersion);

        subscription.PresenceVersion = Subscription.NoPresence;
        subscription.LosePresence();
        subscription.FindPresence(9);
        Assert.False(Change(Subscription.LostPresence, long.MaxValue).IsFor(subscription));

        static FrameEntry Change(long from, long before) => new(0, 1, 0, null, new PresenceAudience(from, before, before));
    }

    [Fact]
    public void A_batch_lives_until_its_last_reference_is_released()
    {
        var batch = FrameBatch.Rent(NativeEncoding.Instance);
        batch.Encoding.WriteReply(batch, type: default, "hello"u8, retryAfter: null);
        batch.EndFrame(start: 0);
        batch.Retain();

        batch.Release();
        Assert.Equal("hello", Encoding.UTF8.GetString(FrameOf(batch, 0)[2..]));
        batch.Release();
        Assert.Equal((0, 0), (batch.Count, batch.Length));
    }

    private static void Append(FrameBatch batch, string content, long seq, ConnectionId? except = null)
    {
        batch.AppendMessage(Name, new Publication { Payload = Payload.Json(Encoding.UTF8.GetBytes(content)), Seq = seq, Except = except });
    }

    private static ReadOnlySpan<byte> FrameOf(FrameBatch batch, int index) =>
        batch.Bytes.Slice(batch.Entries[index].Start, batch.Entries[index].Length);
}
