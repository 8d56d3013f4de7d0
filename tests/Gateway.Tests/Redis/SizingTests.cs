using System.Globalization;
using Gateway.TestSupport;
using Gateway.Tests.Api;
using Gateway.Tests.Redis.Faults;

namespace Gateway.Tests.Redis;

/// <summary>The memory that many channels take in Redis: as much as the table of scaling says under "Sizing", and given back.</summary>
public sealed class SizingTests : IAsyncLifetime
{
    private const int Channels = 10_000;

    /// <summary>The distance that a measured figure may have from the table.</summary>
    private const double Tolerance = 0.15;

    // The table's bytes.
    private const int PerChannel = 500;
    private const int FirstBlock = 4_400;
    private const int HalfABlock = 2_200;
    private const int PerMessage = 30;
    private const double PerByte = 1.25;
    private const int PerKey = 75;

    private RedisServer _redis = null!;

    public async ValueTask InitializeAsync() => _redis = await RedisServer.StartAsync();

    [Theory]
    [InlineData(1, 200)]
    [InlineData(10, 200)]
    [InlineData(10, 1000)]
    public async Task Channels_with_history_take_what_the_table_says(int messages, int bytes)
    {
        await using var node = await Node.StartAsync(_redis.Address);
        long before = await UsedAsync();
        string content = $"\"{new string('x', bytes - 2)}\"";
        for (int i = 0; i < messages; i++)
            await PublishAsync(node, channel => $$"""{"type":"publish","channel":"log:{{channel:00000}}","content":{{content}}}""");

        double kept = Math.Max(FirstBlock, HalfABlock + messages * (PerMessage + PerByte * bytes));
        AssertNear(Channels * (PerChannel + kept), await UsedAsync() - before);
        await HaveTimesToLiveAsync();
    }

    [Fact]
    public async Task Idempotency_keys_take_what_the_table_says()
    {
        await using var node = await Node.StartAsync(_redis.Address);
        long before = await UsedAsync();
        await PublishAsync(node, key => $$"""{"type":"publish","channel":"plain:x","content":1,"key":"k{{key:00000}}"}""");
        AssertNear(Channels * (PerKey + "k00000".Length), await UsedAsync() - before);
        await HaveTimesToLiveAsync();
    }

    [Fact]
    public async Task Unused_memory_is_given_back()
    {
        await using var node = await Node.StartAsync(_redis.Address, "Namespaces:log:HistoryTtl=00:00:01", "Presence:TimeToLive=00:00:01");
        long before = await UsedAsync();
        await using (var client = await JsonClient.ConnectAsync(node, "?user=ann"))
        {
            await client.SubscribeAsync("room:x");
            await PublishAsync(node, channel => $$"""{"type":"publish","channel":"log:{{channel:00000}}","content":1}""");
        }

        await Eventually.TrueAsync(async () => await CountAsync("gateway:h:*") == 0, "no message is kept any more");
        await Eventually.TrueAsync(async () => await CountAsync("gateway:p*") == 0, "nothing is left of presence");
        // Positions stay for a day, and that long only.
        Assert.Equal(Channels, await CountAsync("*"));
        // Redis frees memory in the background.
        await Eventually.TrueAsync(
            async () => IsNear(Channels * PerChannel, await UsedAsync() - before), "what is kept is what the table says");
        await HaveTimesToLiveAsync(most: 1_000 + 24 * 60 * 60 * 1000);
    }

    private static async Task PublishAsync(GatewayServer node, Func<int, string> command)
    {
        const int Batch = 500;
        for (int i = 0; i < Channels; i += Batch)
        {
            var commands = Enumerable.Range(i, Batch).Select(command);
            Assert.Equal(200, (await node.PostAsync("batch", $$"""{"commands":[{{string.Join(',', commands)}}]}""")).Status);
        }
    }

    private static bool IsNear(double expected, long actual) => Math.Abs(actual - expected) <= Tolerance * expected;

    private static void AssertNear(double expected, long actual) =>
        Assert.True(IsNear(expected, actual), $"{actual} bytes, where {expected} are said");

    private async Task HaveTimesToLiveAsync(long most = long.MaxValue)
    {
        string found = await _redis.CommandAsync(
            "EVAL",
            """
            local low, high = math.huge, 0
            for _, key in ipairs(redis.call('KEYS', '*')) do
              local left = redis.call('PTTL', key)
              low, high = math.min(low, left), math.max(high, left)
            end
            return {low, high}
            """,
            "0");
        long[] bounds = [.. found.Split('\n').Select(line => long.Parse(line, CultureInfo.InvariantCulture))];
        Assert.InRange(bounds[0], 1, most);
        Assert.InRange(bounds[1], 1, most);
    }

    private Task<long> CountAsync(string pattern) => NumberAsync($"return #redis.call('KEYS', '{pattern}')");

    private async Task<long> NumberAsync(string script) =>
        long.Parse(await _redis.CommandAsync("EVAL", script, "0"), CultureInfo.InvariantCulture);

    private async Task<long> UsedAsync() => long.Parse(
        (await _redis.CommandAsync("INFO", "memory")).Split('\r', '\n').First(
            line => line.StartsWith("used_memory:", StringComparison.Ordinal))[12..], CultureInfo.InvariantCulture);

    public ValueTask DisposeAsync() => _redis.DisposeAsync();
}
