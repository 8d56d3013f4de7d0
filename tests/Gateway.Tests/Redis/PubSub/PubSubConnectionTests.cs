using System.Collections.Concurrent;
using System.Globalization;
using System.Net.Sockets;
using System.Text;
using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.PubSub;

/// <summary>One pub/sub connection to a real Redis.</summary>
public sealed class PubSubConnectionTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private PubSubConnection _connection = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        _connection = await ConnectAsync();
    }

    [Fact]
    public async Task Messages_of_all_channels_come_in_the_order_in_which_they_were_published()
    {
        const int Count = 20_000;
        var heard = new ConcurrentQueue<(string Channel, int Number)>();
        foreach (string name in new[] { "a", "b", "c" })
            Assert.Null(await _connection.SubscribeAsync(
                Channel(name, message => heard.Enqueue((name, int.Parse(message, CultureInfo.InvariantCulture))))));

        await _redis.CommandAsync(
            "EVAL", $"for i = 1, {Count} do redis.call('PUBLISH', string.sub('abc', i % 3 + 1, i % 3 + 1), i) end", "0");

        await Eventually.TrueAsync(() => heard.Count == Count, "every message is heard");
        Assert.Equal(Enumerable.Range(1, Count), heard.Select(message => message.Number));
        Assert.Equal(Enumerable.Range(1, Count).Select(i => "abc".Substring(i % 3, 1)), heard.Select(message => message.Channel));
    }

    [Fact]
    public async Task A_message_larger_than_any_buffer_comes_whole_and_the_next_behind_it()
    {
        var heard = new ConcurrentQueue<string>();
        await _connection.SubscribeAsync(Channel("a", heard.Enqueue));

        await _redis.CommandAsync("EVAL", "redis.call('PUBLISH', 'a', string.rep('x', 3000000)) redis.call('PUBLISH', 'a', 'next')", "0");

        await Eventually.TrueAsync(() => heard.Count == 2, "both are heard");
        Assert.Equal([new string('x', 3_000_000), "next"], heard);
    }

    [Fact]
    public async Task Nothing_comes_after_unsubscribing_and_a_second_subscription_takes_the_place_of_the_first()
    {
        var (first, second) = (new ConcurrentQueue<string>(), new ConcurrentQueue<string>());
        var channel = Channel("a", first.Enqueue);
        await _connection.SubscribeAsync(channel);
        await _connection.SubscribeAsync(Channel("a", second.Enqueue));
        channel.Connection = _connection;

        // The first one has nothing to take away from the second any more.
        await channel.UnsubscribeAsync();
        await _redis.CommandAsync("PUBLISH", "a", "1");

        await Eventually.TrueAsync(() => second.Count == 1, "the second hears");
        Assert.Empty(first);
    }

    [Fact]
    public async Task The_end_is_reported_once_to_subscribers_and_later_requests_are_refused()
    {
        int ended = 0;
        await _connection.SubscribeAsync(new PubSubChannel("a"u8.ToArray(), _ => { }, () => Interlocked.Increment(ref ended)));

        _redis.Kill();

        await _connection.Ended.WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        Assert.NotNull(await _connection.SubscribeAsync(Channel("b", _ => { })));
        await Eventually.TrueAsync(() => Volatile.Read(ref ended) == 1, "its end is reported");
        _connection.End("again");
        Assert.Equal(1, ended);
    }

    [Fact]
    public async Task A_server_that_is_no_redis_ends_the_connection()
    {
        using var listener = new TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((System.Net.IPEndPoint)listener.LocalEndpoint, TestContext.Current.CancellationToken);
        using var server = await listener.AcceptTcpClientAsync(TestContext.Current.CancellationToken);
        using var connection = await PubSubConnection.StartAsync(client.GetStream(), isSharded: false, null, null);

        await server.GetStream().WriteAsync("HTTP/1.1 400 Bad Request\r\n"u8.ToArray(), TestContext.Current.CancellationToken);

        string reason = await connection.Ended.WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken);
        Assert.Contains("no reply of pub/sub", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_password_ends_it()
    {
        await _redis.CommandAsync("CONFIG", "SET", "requirepass", "right");

        using var wrong = await ConnectAsync("wrong");
        using var right = await ConnectAsync("right");

        Assert.StartsWith(
            "WRONGPASS", await wrong.Ended.WaitAsync(Eventually.Limit, TestContext.Current.CancellationToken), StringComparison.Ordinal);
        Assert.Null(await right.SubscribeAsync(Channel("a", _ => { })));
    }

    [Fact]
    public async Task Ten_thousand_channels_take_less_than_a_kilobyte_each()
    {
        const int Count = 10_000;
        PubSubHandler handler = _ => { };
        long before = GC.GetTotalMemory(forceFullCollection: true);

        var answers = await Task.WhenAll(Enumerable.Range(0, Count).Select(
            i => _connection.SubscribeAsync(new PubSubChannel(Encoding.ASCII.GetBytes($"gateway:c:{{chat:{i}}}"), handler))));

        Assert.All(answers, Assert.Null);
        long each = (GC.GetTotalMemory(forceFullCollection: true) - before) / Count;
        Assert.InRange(each, 50, 1024);
        Assert.Equal("10000", (await _redis.CommandAsync("EVAL", "return #redis.call('PUBSUB', 'CHANNELS')", "0")).Trim());
    }

    public async ValueTask DisposeAsync()
    {
        _connection.Dispose();
        await _redis.DisposeAsync();
    }

    private async Task<PubSubConnection> ConnectAsync(string? password = null)
    {
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", _redis.Port, TestContext.Current.CancellationToken);
        return await PubSubConnection.StartAsync(client.GetStream(), isSharded: false, null, password);
    }

    private static PubSubChannel Channel(string name, Action<string> heard) =>
        new(Encoding.ASCII.GetBytes(name), message => heard(Encoding.ASCII.GetString(message)));
}
