using System.Buffers;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Protocol.Messages;

namespace Gateway.Protocol.Tests.Messages;

public sealed class MessageSizeTests
{
    [Fact]
    public void The_size_is_exact_and_the_message_says_what_was_given() =>
        Prop.ForAll<Parts>(Matches).Check(Config.QuickThrowOnFailure.WithMaxTest(5_000));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MinValue)]
    [InlineData(long.MaxValue)]
    public void The_size_is_exact_at_the_edges(long number) => Assert.True(Matches(new Parts("c", "x", "s", number, 0, number, 0)));

    [Fact]
    public void The_size_is_exact_on_both_sides_of_every_power_of_ten()
    {
        long power = 1;
        for (int digits = 1; digits < 19; digits++, power *= 10)
        {
            Assert.True(Matches(new Parts("c", "x", null, power, 0, power - 1, 0)), $"at {power}");
            Assert.True(Matches(new Parts("c", "x", null, power + 1, 0, power * 9, 0)), $"at {power}");
        }
    }

    private static bool Matches(Parts parts)
    {
        // Lone surrogates, which generated strings may hold, cannot reach the writer: they have no UTF-8.
        string channel = Whole(parts.Channel);
        string? sender = parts.Sender is null ? null : Whole(parts.Sender);
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(Whole(parts.Content));
        byte[] senderText = Encoding.UTF8.GetBytes(sender ?? "");
        long seq = parts.Seq >>> (parts.SeqShift & 63), time = parts.Time >>> (parts.TimeShift & 63);

        var output = new ArrayBufferWriter<byte>();
        ServerMessageWriter.Message(output, JsonText.Encode(channel), Payload.Json(content), senderText, seq, time);
        byte[] inPlace = new byte[output.WrittenCount];
        ServerMessageWriter.Message(inPlace, JsonText.Encode(channel), Payload.Json(content), senderText, seq, time);
        using var written = JsonDocument.Parse(output.WrittenMemory);
        JsonElement root = written.RootElement;
        return output.WrittenSpan.SequenceEqual(inPlace)
            && output.WrittenCount
                == ServerMessageWriter.MessageSize(JsonText.Encode(channel), Payload.Json(content), senderText, seq, time)
            && root.GetProperty("channel").GetString() == channel
            && root.GetProperty("content").GetString() == Whole(parts.Content)
            && Text(root, "sender") == (string.IsNullOrEmpty(sender) ? null : sender)
            && Number(root, "seq") == Math.Max(seq, 0)
            && Number(root, "time") == Math.Max(time, 0);
    }

    private static string Whole(string? text) => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text ?? ""));

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) ? value.GetString() : null;

    private static long Number(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) ? value.GetInt64() : 0;

    /// <summary>Numbers are shifted, so that short ones come up as often as long ones.</summary>
    public sealed record Parts(string? Channel, string? Content, string? Sender, long Seq, int SeqShift, long Time, int TimeShift);
}
