using System.Net.Sockets;
using System.Security.Cryptography;
using Gateway.TestSupport;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>What a connection of a loop sends, and how it is closed.</summary>
public sealed class LoopSendingTests : IAsyncDisposable
{
    private readonly LoopFixture _fixture = new();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task What_a_full_socket_does_not_take_goes_out_when_the_peer_reads()
    {
        var (connection, client, _) = _fixture.Connect();
        byte[] much = RandomNumberGenerator.GetBytes(20_000_000);
        var sending = connection.SendAsync(much);
        Assert.False(sending.IsCompleted);

        byte[] received = await ReceiveAsync(client, much.Length);

        Assert.True(await sending.AsTask().WaitAsync(Eventually.Limit));
        Assert.Equal(much, received);
    }

    [Fact]
    public async Task A_full_socket_takes_nothing_and_does_not_wait()
    {
        var (connection, client, _) = _fixture.Connect();
        byte[] chunk = new byte[64 * 1024];
        long sent = 0;
        for (int taken; (taken = connection.TrySend(chunk)) > 0;)
            sent += taken;
        Assert.True(sent > 0);

        // What the writer does then: it waits with the rest, again and again, while the peer reads slowly.
        var reading = ReceiveAsync(client, (int)sent + (100 * chunk.Length));
        for (int i = 0; i < 100; i++)
            Assert.True(await connection.SendAsync(chunk).AsTask().WaitAsync(Eventually.Limit));
        await reading;
    }

    [Fact]
    public async Task A_send_that_waits_fails_when_the_connection_is_dropped()
    {
        var (connection, _, input) = _fixture.Connect();
        var sending = connection.SendAsync(new byte[20_000_000]);
        Assert.False(sending.IsCompleted);

        connection.Abort();

        Assert.False(await sending.AsTask().WaitAsync(Eventually.Limit));
        Assert.True(await input.EndedAsync());
        Assert.False(await connection.SendAsync(new byte[1]));
    }

    [Fact]
    public async Task A_send_that_waits_fails_when_the_peer_resets()
    {
        var (connection, client, _) = _fixture.Connect();
        var sending = connection.SendAsync(new byte[20_000_000]);
        Assert.False(sending.IsCompleted);

        client.LingerState = new LingerOption(true, 0);
        client.Dispose();

        Assert.False(await sending.AsTask().WaitAsync(Eventually.Limit));
    }

    [Fact]
    public async Task Closing_sends_what_was_taken_and_then_the_end()
    {
        var (connection, client, input) = _fixture.Connect();
        byte[] last = RandomNumberGenerator.GetBytes(100_000);
        Assert.Equal(last.Length, connection.TrySend(last));

        connection.Close();

        Assert.Equal(last, await ReceiveAsync(client, last.Length));
        Assert.Equal(0, client.Receive(new byte[1]));
        Assert.True(await input.EndedAsync());
        Assert.Equal(1, _fixture.Closed);
    }

    [Fact]
    public async Task Dropping_resets_the_connection()
    {
        var (connection, client, input) = _fixture.Connect();
        client.Send("x"u8);
        await input.TextAsync("x");

        connection.Abort();

        await input.EndedAsync();
        var failure = Assert.Throws<SocketException>(() => client.Receive(new byte[1]));
        Assert.Equal(SocketError.ConnectionReset, failure.SocketErrorCode);
    }

    [Fact]
    public async Task Closing_with_unread_input_is_no_reset()
    {
        var gate = new TaskCompletionSource();
        var (connection, client, input) = _fixture.Connect(new RecordedInput { Handling = _ => new ValueTask(gate.Task) });
        client.Send("read"u8);
        await input.TextAsync("read");
        client.Send("unread"u8);

        connection.Close();

        Assert.Equal(0, client.Receive(new byte[1]));
        gate.SetResult();
        Assert.True(await input.EndedAsync());
    }

    [Fact]
    public async Task Nothing_sent_to_a_closed_connection_reaches_the_next_one_of_the_same_number()
    {
        // Each connection has a thread that sends its own byte until it is refused. The system gives a number to the next connection as
        // soon as one is closed, while the thread of the one before may still be about to send.
        const int Connections = 300;
        var descriptors = new HashSet<int>();
        var senders = new List<Task>();
        var receivers = new List<Task>();
        for (int i = 0; i < Connections; i++)
        {
            byte own = (byte)i;
            var (connection, client, _) = _fixture.Connect();
            descriptors.Add(connection.Descriptor);
            using var started = new ManualResetEventSlim();
            senders.Add(Task.Factory.StartNew(
                () =>
                {
                    while (connection.TrySend([own]) >= 0)
                    {
                        if (!started.IsSet)
                            started.Set();
                    }
                },
                TaskCreationOptions.LongRunning));
            Assert.True(started.Wait(Eventually.Limit));
            receivers.Add(Task.Run(() => Assert.All(ReceiveAll(client), value => Assert.Equal(own, value))));
            connection.Close();
        }
        await Task.WhenAll(senders).WaitAsync(Eventually.Limit);
        await Task.WhenAll(receivers).WaitAsync(Eventually.Limit);
        Assert.True(descriptors.Count < Connections);
        await Eventually.TrueAsync(() => _fixture.Closed == Connections, "all are closed");
    }

    private static byte[] ReceiveAll(Socket client)
    {
        var all = new MemoryStream();
        byte[] buffer = new byte[64 * 1024];
        for (int count; (count = client.Receive(buffer)) > 0;)
            all.Write(buffer, 0, count);
        return all.ToArray();
    }

    private static Task<byte[]> ReceiveAsync(Socket client, int count) => Task.Run(() =>
    {
        byte[] bytes = new byte[count];
        for (int received = 0; received < count;)
        {
            int some = client.Receive(bytes.AsSpan(received, Math.Min(16_000, count - received)));
            Assert.NotEqual(0, some);
            received += some;
        }
        return bytes;
    }).WaitAsync(Eventually.Limit);
}
