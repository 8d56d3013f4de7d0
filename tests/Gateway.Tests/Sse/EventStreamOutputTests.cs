using System.Buffers;
using System.Diagnostics.Metrics;
using System.IO.Pipelines;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Streams;
using Gateway.Server.Metrics;
using Gateway.Server.Sessions;
using Gateway.Tests.Channels;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Sse;

/// <summary>The output of an event stream, which puts the client's own positions before each event as it leaves.</summary>
public sealed class EventStreamOutputTests
{
    private readonly Pipe _response = new();
    private readonly ChannelPositions _positions = new();
    private readonly EventStreamOutput _output;
    private int _gone;

    public EventStreamOutputTests() => _output = new EventStreamOutput(_response.Writer, _positions, () => _gone++);

    [Fact]
    public async Task An_id_counts_only_what_has_left_and_not_what_was_dropped_in_between()
    {
        var subscription = SubscriptionTo("log");
        _positions.Set("log"u8, new Position("e", 1));
        var batch = Messages("log", 2, 3, 4);

        // The second of the three was dropped while it waited.
        Assert.True(await _output.WriteAsync(new QueuedFrames(batch, 0, 1, subscription)));
        Assert.True(await _output.WriteAsync(new QueuedFrames(batch, 2, 3, subscription)));

        Assert.Equal(["2", "4"], (await EventsAsync()).Select(each => SeqOf(each.Id, "log")));
    }

    [Fact]
    public async Task A_message_of_a_channel_without_a_position_has_no_id_and_its_bytes_are_those_of_all_streams()
    {
        var batch = Messages("plain", 0);
        Assert.True(await _output.WriteAsync(new QueuedFrames(batch, 0, 1, SubscriptionTo("plain"))));

        var only = Assert.Single(await EventsAsync());
        Assert.Equal("", only.Id);
        Assert.Equal("""event: message|data: {"type":"message","channel":"plain","content":0}""", only.Shared);
        Assert.Equal(only.Shared.Replace('|', '\n') + "\n\n", Encoding.UTF8.GetString(batch.Bytes));
    }

    [Fact]
    public async Task Replies_set_move_and_remove_positions_as_their_marks_say()
    {
        var (log, other) = (Names.Of("log"), Names.Of("other"));
        var batch = FrameBatch.Rent(EventStreamEncoding.Instance);
        Reply(batch, new PositionMark(log, PositionChange.Set, new Position("e", 7)));
        Reply(batch, new PositionMark(other, PositionChange.Set, new Position("f", 1)));
        Reply(batch, new PositionMark(log, PositionChange.Advance, new Position(null!, 8)));
        Reply(batch, mark: null);
        Reply(batch, new PositionMark(log, PositionChange.Remove, default));
        Reply(batch, new PositionMark(log, PositionChange.Remove, default));

        Assert.True(await _output.WriteAsync(new QueuedFrames(batch, 0, batch.Count, null)));

        var events = await EventsAsync();
        Assert.Equal(["7", "7", "8", "", "", ""], events.Select(each => SeqOf(each.Id, "log")));
        // Where a position goes that was there, the others are said again; where nothing changes, nothing is.
        Assert.Equal(["", "1", "1", "", "1", ""], events.Select(each => SeqOf(each.Id, "other")));
    }

    [Fact]
    public async Task A_line_end_in_content_is_a_field_of_its_own_and_a_retry_stands_in_its_event()
    {
        var batch = FrameBatch.Rent(EventStreamEncoding.Instance);
        batch.AppendMessage(Names.Of("a"), new Publication { Payload = Payload.Json("[1,\r\n2,\r3]"u8) });
        int start = batch.Length;
        batch.Encoding.WriteReply(batch, "disconnect"u8, "{}"u8, retryAfter: 1500);
        batch.EndFrame(start);
        start = batch.Length;
        batch.Encoding.WritePing(batch);
        batch.EndFrame(start);

        Assert.True(await _output.WriteAsync(new QueuedFrames(batch, 0, 3, null)));

        Assert.Equal(
            """
            event: message
            data: {"type":"message","channel":"a","content":[1,
            data: 2,
            data: 3]}

            event: disconnect
            retry: 1500
            data: {}

            :


            """,
            await TextAsync());
    }

    [Fact]
    public async Task A_response_that_takes_nothing_any_more_is_told_once_to_whoever_reads_nothing()
    {
        await _response.Reader.CompleteAsync();

        Assert.False(await _output.SendAsync(ReadOnlyMemory<byte>.Empty));

        Assert.Equal(1, _gone);
    }

    private static void Reply(FrameBatch batch, PositionMark? mark)
    {
        int start = batch.Length;
        batch.Encoding.WriteReply(batch, "reply"u8, "{}"u8, retryAfter: null);
        batch.EndFrame(start, mark);
    }

    private static FrameBatch Messages(string channel, params long[] seqs)
    {
        var batch = FrameBatch.Rent(EventStreamEncoding.Instance);
        foreach (long seq in seqs)
            batch.AppendMessage(Names.Of(channel), new Publication { Payload = Payload.Json(Encoding.UTF8.GetBytes($"{seq}")), Seq = seq });
        return batch;
    }

    private static Subscription SubscriptionTo(string channel)
    {
        var metrics = new GatewayMetrics(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());
        return new Subscription(new Channel(Names.Of(channel), metrics, NullLogger.Instance), new SilentSubscriber());
    }

    private static string SeqOf(string id, string channel) =>
        id.Length == 0 ? "" : $"{ChannelPositions.TryParse(id)!.Find(Encoding.UTF8.GetBytes(channel))?.Seq}";

    private async Task<string> TextAsync()
    {
        Assert.True(await _output.FlushAsync());
        Assert.True(_response.Reader.TryRead(out var read));
        string text = Encoding.UTF8.GetString(read.Buffer.ToArray());
        _response.Reader.AdvanceTo(read.Buffer.End);
        return text;
    }

    /// <summary>Each event: its id, empty for none, and its other lines.</summary>
    private async Task<List<(string Id, string Shared)>> EventsAsync() =>
        [.. (await TextAsync()).Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('\n')).Select(lines =>
            (lines[0].StartsWith("id: ", StringComparison.Ordinal) ? lines[0][4..] : "",
            string.Join('|', lines.Where(line => !line.StartsWith("id: ", StringComparison.Ordinal)))))];
}
