using System.Buffers;
using System.Text;
using Gateway.Server.Backplane;
using Gateway.Server.Sessions;

namespace Gateway.Tests.Sessions;

/// <summary>The text of a stream's positions, with which a client resumes it.</summary>
public sealed class ChannelPositionsTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(127)]
    [InlineData(128)]
    [InlineData(1L << 40)]
    [InlineData(long.MaxValue)]
    public void Every_position_comes_back_as_it_was(long seq)
    {
        var positions = new ChannelPositions();
        Assert.True(positions.Set("a"u8, new Position("e862d32fb641", 3)));
        Assert.True(positions.Set("b"u8, new Position("x", 0)));
        Assert.True(positions.Advance("b"u8, seq));

        var read = ChannelPositions.TryParse(Text(positions))!;

        Assert.Equal((new Position("e862d32fb641", 3), new Position("x", seq)), (read.Find("a"u8), read.Find("b"u8)));
        Assert.Null(read.Find("c"u8));
    }

    [Fact]
    public void A_channel_that_ended_is_not_in_it()
    {
        var positions = new ChannelPositions();
        positions.Set("a"u8, new Position("e", 1));

        Assert.True(positions.Remove("a"u8));
        Assert.False(positions.Remove("a"u8));
        Assert.False(positions.Advance("a"u8, 2));
        Assert.Null(ChannelPositions.TryParse(Text(positions))!.Find("a"u8));
    }

    [Fact]
    public void No_more_channels_than_fit_a_request_are_kept()
    {
        var positions = new ChannelPositions();
        for (int i = 0; i < ChannelPositions.MaxChannels; i++)
            Assert.True(positions.Set(Encoding.UTF8.GetBytes("channel" + i), new Position("e862d32fb641", 1_000_000)));

        Assert.False(positions.Set("one more"u8, new Position("e862d32fb641", 1)));
        Assert.True(positions.Set("channel7"u8, new Position("e862d32fb642", 1)));
        Assert.InRange(Text(positions).Length, 1, 4_300);
    }

    [Fact]
    public void Whatever_is_changed_in_a_text_it_is_read_as_other_positions_or_not_at_all()
    {
        var positions = new ChannelPositions();
        positions.Set("a"u8, new Position("e862d32fb641", 300));
        positions.Set("b"u8, new Position("e862d32fb641", 7));
        string text = Text(positions);
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            char[] changed = text.ToCharArray();
            for (int n = random.Next(1, 4); n > 0; n--)
                changed[random.Next(changed.Length)] = (char)random.Next(1, 300);
            string cut = new(changed, 0, random.Next(changed.Length + 1));
            // One text for each set of positions: a text that is read equals the text that would be written.
            if (ChannelPositions.TryParse(cut) is { } read)
                Assert.Equal(cut, Text(read));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("A")]
    [InlineData("AA")]
    [InlineData("AQ==")]
    [InlineData("AQ ")]
    [InlineData(" AQ")]
    [InlineData("AR")]
    [InlineData("AQAAAAAAAAAA")]
    [InlineData("+/+/")]
    [InlineData("\u0141Q")]
    public void Anything_else_is_not_read(string text) => Assert.Null(ChannelPositions.TryParse(text));

    private static string Text(ChannelPositions positions)
    {
        var output = new ArrayBufferWriter<byte>();
        positions.Write(output);
        return Encoding.ASCII.GetString(output.WrittenSpan);
    }
}
