using System.Net.Sockets;
using System.Text;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>The faults that the other tests rely on are real.</summary>
public sealed class FaultToolsTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_killed_redis_comes_back_on_the_same_port_with_or_without_its_data(bool keepData)
    {
        await using var redis = await RedisServer.StartAsync(persistent: true);
        await redis.CommandAsync("SET", "key", "value");

        redis.Kill();
        Assert.Contains("Connection refused", await redis.CommandAsync("PING"));
        await redis.RestartAsync(keepData);

        Assert.Equal(keepData ? "value" : "", await redis.CommandAsync("GET", "key"));
    }

    [Fact]
    public async Task A_paused_redis_takes_connections_and_answers_later()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var other = await RedisServer.StartAsync();

        redis.Pause();
        var answer = redis.CommandAsync("PING");
        // What another server does in the meantime ten times.
        for (int i = 0; i < 10; i++)
            Assert.Equal("PONG", await other.CommandAsync("PING"));
        Assert.False(answer.IsCompleted);
        redis.Resume();

        Assert.Equal("PONG", await answer);
    }

    [Fact]
    public async Task A_flushed_redis_is_empty()
    {
        await using var redis = await RedisServer.StartAsync();
        await redis.CommandAsync("SET", "key", "value");

        await redis.FlushAllAsync();

        Assert.Equal("0", await redis.CommandAsync("DBSIZE"));
    }

    [Fact]
    public async Task A_cluster_of_three_serves_all_slots()
    {
        await using var cluster = await RedisCluster.StartAsync();

        string info = await cluster.Servers[2].CommandAsync("CLUSTER", "INFO");

        Assert.Contains("cluster_slots_ok:16384", info);
        Assert.Contains("cluster_size:3", info);
    }

    [Fact]
    public async Task A_proxy_forwards_delays_cuts_and_refuses()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        using var client = await ConnectAsync(proxy);
        Assert.Equal("+PONG\r\n", await PingAsync(client));

        proxy.Delay(TimeSpan.FromMilliseconds(100));
        var clock = System.Diagnostics.Stopwatch.StartNew();
        Assert.Equal("+PONG\r\n", await PingAsync(client));
        // There and back. Only a lower bound: a busy machine is late, and timers may be a little early.
        Assert.True(clock.Elapsed > TimeSpan.FromMilliseconds(150), $"there and back in {clock.Elapsed}");

        proxy.Refuse();
        Assert.Equal("+PONG\r\n", await PingAsync(client));
        await Assert.ThrowsAsync<SocketException>(() => ConnectAsync(proxy));
        proxy.Cut();
        Assert.Equal(SocketError.ConnectionReset, (await Assert.ThrowsAsync<SocketException>(() => PingAsync(client))).SocketErrorCode);

        proxy.Resume();
        using var next = await ConnectAsync(proxy);
        Assert.Equal("+PONG\r\n", await PingAsync(next));
    }

    [Fact]
    public async Task A_proxy_that_swallows_leaves_connections_open_and_silent_for_good()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var proxy = TcpProxy.Start(redis.Port);
        using var plain = await ConnectAsync(proxy);
        using var subscribed = await ConnectAsync(proxy);
        await PingAsync(plain);
        await subscribed.SendAsync("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nx\r\n"u8.ToArray());
        await subscribed.ReceiveAsync(new byte[100]);

        Assert.Equal(1, proxy.SwallowSubscribed());
        await redis.CommandAsync("PUBLISH", "x", "lost");
        Assert.Equal("+PONG\r\n", await PingAsync(plain));
        proxy.Swallow();
        using var late = await ConnectAsync(proxy);
        Task[] silent = [plain.ReceiveAsync(new byte[100]), subscribed.ReceiveAsync(new byte[100]), PingAsync(late)];
        await plain.SendAsync("PING\r\n"u8.ToArray());
        var heard = Task.WhenAny(silent);
        for (int i = 0; i < 10; i++)
            Assert.Equal("PONG", await redis.CommandAsync("PING"));
        Assert.False(heard.IsCompleted);
        proxy.Resume();
        using var next = await ConnectAsync(proxy);
        Assert.Equal("+PONG\r\n", await PingAsync(next));

        Assert.False(heard.IsCompleted);
    }

    private static async Task<Socket> ConnectAsync(TcpProxy proxy)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync("127.0.0.1", proxy.Port);
        return socket;
    }

    private static async Task<string> PingAsync(Socket socket)
    {
        byte[] answer = new byte[100];
        await socket.SendAsync("PING\r\n"u8.ToArray());
        return Encoding.ASCII.GetString(answer, 0, await socket.ReceiveAsync(answer));
    }
}
