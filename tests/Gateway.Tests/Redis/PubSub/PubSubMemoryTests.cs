using System.Net.Sockets;
using System.Text;
using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.PubSub;

/// <summary>
/// The memory that the channels of a pub/sub connection take in the gateway. Measured on the whole process, so no test runs beside these.
/// </summary>
[Collection(nameof(AloneCollection))]
public sealed class PubSubMemoryTests : IAsyncLifetime
{
    private RedisServer _redis = null!;
    private PubSubConnection _connection = null!;

    public async ValueTask InitializeAsync()
    {
        _redis = await RedisServer.StartAsync();
        var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", _redis.Port, TestContext.Current.CancellationToken);
        _connection = await PubSubConnection.StartAsync(client.GetStream(), isSharded: false, null, password: null);
    }

    [Fact]
    public async Task Ten_thousand_channels_take_less_than_a_kilobyte_each()
    {
        const int Count = 10_000;
        PubSubHandler handler = _ => { };
        long before = await SettledMemoryAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, Count).Select(
            i => _connection.SubscribeAsync(new PubSubChannel(Encoding.ASCII.GetBytes($"gateway:c:{{chat:{i}}}"), handler))));

        Assert.All(answers, Assert.Null);
        long each = (await SettledMemoryAsync() - before) / Count;
        Assert.InRange(each, 50, 1024);
        Assert.Equal("10000", (await _redis.CommandAsync("EVAL", "return #redis.call('PUBSUB', 'CHANNELS')", "0")).Trim());
    }

    /// <summary>The heap once it does not change any more: what the tests before have left behind is still being given back.</summary>
    private static async Task<long> SettledMemoryAsync()
    {
        long last = 0, now = 0;
        await Eventually.TrueAsync(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                (last, now) = (now, GC.GetTotalMemory(forceFullCollection: true));
                return Math.Abs(now - last) < 100_000;
            },
            "the heap has settled");
        return now;
    }

    public async ValueTask DisposeAsync()
    {
        _connection.Dispose();
        await _redis.DisposeAsync();
    }
}
