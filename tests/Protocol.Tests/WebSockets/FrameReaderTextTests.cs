using System.Buffers;
using Gateway.Protocol.WebSockets;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameReaderTextTests
{
    private static readonly Received InvalidText = Received.Violation(CloseCode.InvalidPayload, "text is not valid UTF-8");

    [Theory]
    [InlineData("κόσμε")]
    [InlineData("€")]
    [InlineData("😀 and \uFFFF and \U0010FFFF")]
    public void Text_of_every_character_length_is_read(string text) => Reading.Yields(Text(text), Received.Text(text));

    [Fact]
    public void A_character_may_be_split_between_fragments()
    {
        byte[] smile = "😀"u8.ToArray();
        for (int at = 0; at <= smile.Length; at++)
            Reading.Yields([.. Text(smile[..at], final: false), .. Ping([1]), .. Continuation(smile[at..])],
                Received.Of(FrameKind.Ping, [1]), Received.Text("😀"));
    }

    [Theory]
    [InlineData("FF")]
    [InlineData("C0AF")]
    [InlineData("EDA080")]
    [InlineData("F4908080")]
    [InlineData("61E28261")]
    [InlineData("80")]
    [InlineData("61E282")]
    [InlineData("F09F98")]
    public void Invalid_text_is_refused_whole_and_in_fragments(string hex)
    {
        byte[] text = Convert.FromHexString(hex);
        Reading.Yields(Text(text), InvalidText);
        Reading.Yields([.. Text("before"), .. Text(text)], Received.Text("before"), InvalidText);
        for (int at = 0; at <= text.Length; at++)
            Reading.Yields([.. Text(text[..at], final: false), .. Continuation(text[at..])], InvalidText);
    }

    [Theory]
    [InlineData("C0")]
    [InlineData("C1")]
    [InlineData("F5")]
    [InlineData("80")]
    [InlineData("E080")]
    [InlineData("EDA0")]
    [InlineData("F080")]
    [InlineData("F490")]
    [InlineData("6162F09F61")]
    public void Invalid_text_is_found_inside_an_incomplete_frame(string hex)
    {
        byte[] start = Convert.FromHexString(hex);
        byte[] frame = Text([.. start, .. new byte[100]]);
        byte[] untilInvalid = frame[..^100];

        Reading.Yields(untilInvalid, InvalidText);
        Assert.Empty(Reading.Read(Reading.Limit, [[untilInvalid[..^1]]]));
    }

    [Fact]
    public void Invalid_text_is_found_in_a_fragment_before_the_last() =>
        Reading.Yields([.. Text("fine", final: false), .. Continuation([0xC0], final: false)], InvalidText);

    [Fact]
    public void A_character_cut_off_is_found_only_at_the_end_of_the_message()
    {
        byte[] cut = [.. "a"u8, 0xE2, 0x82];
        Reading.Yields(Text(cut, final: false));
        Reading.Yields([.. Text(cut, final: false), .. Continuation([])], InvalidText);
    }

    [Fact]
    public void A_character_cut_off_does_not_carry_over_into_control_frames_or_binary() =>
        Reading.Yields(
            [
                .. Text([0xE2], final: false), .. Ping([0xFF]), .. Continuation([0x82, 0xAC]),
                .. Binary([0x82], final: false), .. Continuation([0xFF]),
            ],
            Received.Of(FrameKind.Ping, [0xFF]), Received.Text("€"), Received.Of(FrameKind.Binary, [0x82, 0xFF]));

    [Fact]
    public void Binary_is_not_checked() => Reading.Yields(Binary([0xFF, 0xC0]), Received.Of(FrameKind.Binary, [0xFF, 0xC0]));

    [Fact]
    public void Memory_is_given_back_when_text_turns_out_invalid()
    {
        var reader = new FrameReader(Reading.Limit);
        var input = new ReadOnlySequence<byte>([.. Text("fine", final: false), .. Continuation([0xC0], final: false)]);

        Assert.Equal(FrameKind.Violation, reader.Read(ref input).Kind);
        Assert.Equal(0, reader.BufferedBytes);
    }
}
