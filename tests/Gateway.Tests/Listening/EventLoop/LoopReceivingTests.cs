using System.Buffers;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Gateway.TestSupport;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>What a connection of a loop receives, and how its input ends.</summary>
public sealed class LoopReceivingTests : IAsyncDisposable
{
    private readonly LoopFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Pieces_arrive_whole_and_in_order()
    {
        var (_, client, input) = _fixture.Connect();
        var sent = new StringBuilder();
        for (int i = 0; i < 300; i++)
        {
            sent.Append(i).Append(',');
            client.Send(Encoding.UTF8.GetBytes($"{i},"));
        }
        await input.TextAsync(sent.ToString());
    }

    [Fact]
    public async Task More_than_any_buffer_arrives_whole()
    {
        var (_, client, input) = _fixture.Connect();
        byte[] much = RandomNumberGenerator.GetBytes(5_000_000);
        await Task.Run(() => client.Send(much));
        await Eventually.TrueAsync(() => input.Bytes.Length == much.Length, "all is received");
        Assert.Equal(much, input.Bytes);
    }

    [Fact]
    public async Task While_handling_waits_nothing_more_is_received_and_its_bytes_stay()
    {
        var gate = new TaskCompletionSource();
        ReadOnlySequence<byte> kept = default;
        var (_, client, input) = _fixture.Connect(new RecordedInput
        {
            Handling = input =>
            {
                if (kept.IsEmpty)
                    kept = input;
                return new ValueTask(gate.Task);
            },
        });
        var (_, other, others) = _fixture.Connect();
        client.Send("first"u8);
        await input.TextAsync("first");
        client.Send("second"u8);
        other.Send(new byte[200_000]);
        await Eventually.TrueAsync(() => others.Bytes.Length == 200_000, "another connection receives");

        Assert.Equal(1, input.Calls);
        Assert.Equal("first", Encoding.UTF8.GetString(kept));

        gate.SetResult();
        await input.TextAsync("firstsecond");
    }

    [Fact]
    public async Task Every_one_of_many_waits_is_resumed()
    {
        var (_, client, input) = _fixture.Connect(new RecordedInput { Handling = async _ => await Task.Yield() });
        byte[] much = RandomNumberGenerator.GetBytes(3_000_000);
        await Task.Run(() => client.Send(much));
        await Eventually.TrueAsync(() => input.Bytes.Length == much.Length, "all is received");
        Assert.Equal(much, input.Bytes);
    }

    [Fact]
    public async Task A_peer_that_ends_its_side_may_still_be_sent_to()
    {
        var (connection, client, input) = _fixture.Connect();
        client.Send("last"u8);
        client.Shutdown(SocketShutdown.Send);
        Assert.False(await input.EndedAsync());
        Assert.Equal("last", input.Text);

        Assert.Equal(4, connection.TrySend("word"u8));
        await connection.HalfCloseAsync();

        byte[] reply = new byte[16];
        Assert.Equal(4, client.Receive(reply));
        Assert.Equal(0, client.Receive(reply));
    }

    [Fact]
    public async Task What_was_sent_before_the_end_is_received_before_it_also_when_both_are_found_at_once()
    {
        var (_, client, input) = _fixture.Connect();
        byte[] much = RandomNumberGenerator.GetBytes(200_000);
        using (_fixture.Stop())
        {
            client.Send(much);
            client.Shutdown(SocketShutdown.Send);
        }
        Assert.False(await input.EndedAsync());
        Assert.Equal(much, input.Bytes);
    }

    [Fact]
    public async Task An_end_that_comes_while_handling_waits_is_told_when_the_handling_is_done()
    {
        var gate = new TaskCompletionSource();
        var (_, client, input) = _fixture.Connect(new RecordedInput { Handling = _ => new ValueTask(gate.Task) });
        client.Send("x"u8);
        await input.TextAsync("x");
        client.Shutdown(SocketShutdown.Send);
        await _fixture.RunAsync(static () => { });
        Assert.False(input.HasEnded);

        gate.SetResult();
        Assert.False(await input.EndedAsync());
    }

    [Fact]
    public async Task A_peer_that_resets_the_connection_is_lost()
    {
        var (connection, client, input) = _fixture.Connect();
        client.Send("x"u8);
        await input.TextAsync("x");
        client.LingerState = new LingerOption(true, 0);
        client.Dispose();

        Assert.True(await input.EndedAsync());
        Assert.Equal(-1, connection.TrySend("y"u8));
    }

    [Fact]
    public async Task A_busy_connection_holds_up_no_other()
    {
        var (_, quiet, other) = _fixture.Connect();
        var busy = new EndlessInput();
        _fixture.ConnectLocal(busy);
        try
        {
            await Eventually.TrueAsync(() => busy.Calls > 100, "the busy connection is busy");
            quiet.Send("x"u8);
            await other.TextAsync("x");
        }
        finally
        {
            busy.Stop();
        }
    }

    [Fact]
    public async Task A_receiver_that_fails_gets_nothing_more_and_others_go_on()
    {
        var (_, client, input) = _fixture.Connect(new RecordedInput { Handling = _ => throw new InvalidOperationException("unexpected") });
        var (_, other, others) = _fixture.Connect();
        client.Send("x"u8);

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(input.EndedAsync);
        Assert.Equal("unexpected", failure.Message);
        other.Send("y"u8);
        await others.TextAsync("y");
    }

    [Fact]
    public async Task A_receiver_that_fails_when_its_input_has_waited_gets_nothing_more_either()
    {
        var gate = new TaskCompletionSource();
        var (_, client, input) = _fixture.Connect(new RecordedInput
        {
            Handling = _ => new ValueTask(gate.Task),
            WantsMore = () => throw new InvalidOperationException("unexpected"),
        });
        client.Send("x"u8);
        await input.TextAsync("x");
        gate.SetResult();

        var failure = await Assert.ThrowsAsync<InvalidOperationException>(input.EndedAsync);
        Assert.Equal("unexpected", failure.Message);
    }

    [Fact]
    public async Task A_receiver_that_wants_no_more_leaves_the_rest_to_the_next()
    {
        var (connection, client, input) = _fixture.Connect(new RecordedInput { WantsMore = () => new ValueTask<bool>(false) });
        client.Send("first"u8);
        Assert.False(await input.EndedAsync());
        client.Send("second"u8);
        client.Shutdown(SocketShutdown.Send);
        var next = new RecordedInput();
        next.Begin(connection);

        Assert.False(await next.EndedAsync());
        Assert.Equal(("first", "second"), (input.Text, next.Text));

        // The end is told to whoever asks.
        var last = new RecordedInput();
        last.Begin(connection);
        Assert.False(await last.EndedAsync());
    }

    [Fact]
    public async Task A_receiver_is_woken_without_input_also_when_it_was_busy_or_not_there_yet()
    {
        var gate = new TaskCompletionSource();
        var (connection, client, input) = _fixture.Connect(new RecordedInput { Handling = _ => new ValueTask(gate.Task) });
        connection.Wake();
        await Eventually.TrueAsync(() => input.Wakes == 1, "an idle receiver is woken");

        client.Send("x"u8);
        await input.TextAsync("x");
        connection.Wake();
        connection.Wake();
        await _fixture.RunAsync(static () => { });
        Assert.Equal(1, input.Wakes);
        gate.SetResult();
        await Eventually.TrueAsync(() => input.Wakes == 2, "a busy receiver is woken when it is done");

        input.WantsMore = () => new ValueTask<bool>(false);
        client.Send("y"u8);
        await input.EndedAsync();
        connection.Wake();
        var next = new RecordedInput();
        next.Begin(connection);
        await Eventually.TrueAsync(() => next.Wakes == 1, "the next receiver is woken for what was before it");
    }

    [Fact]
    public async Task A_receiver_that_waits_after_its_input_holds_the_next_input_back()
    {
        var gate = new TaskCompletionSource<bool>();
        var (_, client, input) = _fixture.Connect(new RecordedInput { WantsMore = () => new ValueTask<bool>(gate.Task) });
        client.Send("first"u8);
        await input.TextAsync("first");
        client.Send("second"u8);
        await _fixture.RunAsync(static () => { });
        Assert.Equal(1, input.Calls);

        gate.SetResult(true);
        await input.TextAsync("firstsecond");
    }

    [Fact]
    public async Task What_is_peeked_at_stays_unread_until_it_is_taken()
    {
        var seen = new ConcurrentQueue<string>();
        var input = new RecordedInput();
        _fixture.Handshake = (connection, bytes) =>
        {
            string text = Encoding.UTF8.GetString(bytes.Span);
            seen.Enqueue(text);
            int end = text.IndexOf(';', StringComparison.Ordinal);
            if (end >= 0)
            {
                connection.StopPeeking(bytes[..(end + 1)]);
                Assert.Equal("head;", Encoding.UTF8.GetString(bytes.Span[..(end + 1)]));
                input.Begin(connection);
            }
            return default;
        };
        var (_, client) = _fixture.Accept();
        client.Send("he"u8);
        await Eventually.TrueAsync(() => seen.Count == 1, "the beginning is seen");
        client.Send("ad;rest"u8);

        await input.TextAsync("rest");
        Assert.Equal(["he", "head;rest"], seen);
    }

    [Fact]
    public async Task A_decision_that_waits_keeps_what_it_has_seen()
    {
        var gate = new TaskCompletionSource();
        var input = new RecordedInput();
        _fixture.Handshake = async (connection, bytes) =>
        {
            connection.StopPeeking(bytes[..4]);
            await gate.Task;
            Assert.Equal("head", Encoding.UTF8.GetString(bytes.Span[..4]));
            input.Begin(connection);
        };
        var (_, client) = _fixture.Accept();
        client.Send("headrest"u8);
        var (_, other, others) = _fixture.Connect();
        other.Send(new byte[100_000]);
        await Eventually.TrueAsync(() => others.Bytes.Length == 100_000, "another connection receives");

        gate.SetResult();
        await input.TextAsync("rest");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_that_leaves_before_its_request_is_whole_is_closed(bool resets)
    {
        int seen = 0;
        _fixture.Handshake = (_, _) =>
        {
            Interlocked.Increment(ref seen);
            return default;
        };
        var (_, client) = _fixture.Accept();
        client.Send("he"u8);
        await Eventually.TrueAsync(() => Volatile.Read(ref seen) == 1, "the beginning is seen");
        if (resets)
            client.LingerState = new LingerOption(true, 0);
        client.Dispose();

        await Eventually.TrueAsync(() => _fixture.Closed == 1, "it is closed");
    }

    [Fact]
    public async Task A_decision_that_fails_is_logged_and_its_connection_dropped()
    {
        _fixture.Handshake = (_, _) => throw new InvalidOperationException("unexpected");
        var (_, client) = _fixture.Accept();
        client.Send("x"u8);

        await Eventually.TrueAsync(() => _fixture.Closed == 1, "it is closed");
        Assert.Contains("unexpected", Assert.Single(_fixture.Log.Of(140)), StringComparison.Ordinal);
    }
}
