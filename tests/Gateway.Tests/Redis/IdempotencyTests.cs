using System.Globalization;
using Gateway.TestSupport;
using Gateway.Tests.Api;
using Gateway.Tests.Redis.Faults;

namespace Gateway.Tests.Redis;

/// <summary>Idempotency keys that several nodes remember together.</summary>
public sealed class IdempotencyTests
{
    private static readonly string[] Results = ["gateway:k:{log:x}", "gateway:ko:{log:x}"];

    [Theory]
    [InlineData("plain:x")]
    [InlineData("log:x")]
    public async Task A_key_counts_for_one_user_on_all_nodes(string channel)
    {
        await using var redis = await RedisServer.StartAsync();
        await using var a = await Node.StartAsync(redis.Address);
        await using var b = await Node.StartAsync(redis.Address);
        await using var subscriber = await JsonClient.ConnectAsync(b);
        await subscriber.SubscribeAsync(channel);
        await using var ann = await JsonClient.ConnectAsync(a, "?user=ann");
        await using var annElsewhere = await JsonClient.ConnectAsync(b, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(b, "?user=bob");
        await using var somebody = await JsonClient.ConnectAsync(a);
        await using var another = await JsonClient.ConnectAsync(a);

        var first = await ann.AskAsync(Keyed(1), "ack");
        Assert.Equal(first.GetRawText(), (await annElsewhere.AskAsync(Keyed(0), "ack")).GetRawText());
        await bob.AskAsync(Keyed(2), "ack");
        await somebody.AskAsync(Keyed(3), "ack");
        await another.AskAsync(Keyed(4), "ack");
        foreach (var node in new[] { a, b })
            Assert.Equal(200,
                (await node.PostAsync("publish", $$"""{"channel":"{{channel}}","content":5,"sender":"ann","key":"k"}""")).Status);
        await annElsewhere.AskAsync($$"""{"type":"message","channel":"{{channel}}","content":6,"id":1}""", "ack");

        Assert.Equal([1, 2, 3, 4, 5, 6], (await subscriber.ReceiveMessagesAsync(6)).Select(message => message.Number("content")));

        string Keyed(int content) => $$"""{"type":"message","channel":"{{channel}}","content":{{content}},"key":"k","id":1}""";
    }

    [Fact]
    public async Task The_keys_of_a_channel_are_bounded_and_expire_and_the_oldest_are_forgotten_first()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        const int Batches = 75;
        const int PerBatch = 1_000;
        for (int batch = 0; batch < Batches; batch++)
        {
            var commands = Enumerable.Range(batch * PerBatch, PerBatch).Select(
                i => $$"""{"type":"publish","channel":"log:x","content":{{i}},"key":"k{{i}}"}""");
            Assert.Equal(200, (await node.PostAsync("batch", $$"""{"commands":[{{string.Join(',', commands)}}]}""")).Status);
        }

        int kept = 0;
        foreach (string results in Results)
        {
            kept += await NumberAsync("HLEN", results);
            Assert.InRange(await NumberAsync("PTTL", results), 1, 10 * 60 * 1000);
        }
        Assert.InRange(kept, 32_768, 66_000);
        Assert.Equal(Batches * PerBatch, await SeqAsync(Batches * PerBatch - 1));
        Assert.Equal(Batches * PerBatch - 32_000, await SeqAsync(Batches * PerBatch - 32_001));
        Assert.Equal(Batches * PerBatch + 1, await SeqAsync(0));

        async Task<int> NumberAsync(params string[] command) => int.Parse(await redis.CommandAsync(command), CultureInfo.InvariantCulture);

        async Task<long> SeqAsync(int key) => (await node.PostAsync("publish", $$"""{"channel":"log:x","content":0,"key":"k{{key}}"}"""))
            .Json.Number("seq");
    }

    [Fact]
    public async Task A_key_no_longer_counts_when_its_time_is_over_though_it_is_still_kept()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var node = await Node.StartAsync(redis.Address);
        await using var ann = await JsonClient.ConnectAsync(node, "?user=ann");
        const string Keyed = """{"type":"message","channel":"log:x","content":1,"key":"k","id":1}""";
        Assert.Equal(1, (await ann.AskAsync(Keyed, "ack")).Number("seq"));
        Assert.Equal(1, (await ann.AskAsync(Keyed, "ack")).Number("seq"));

        await AgeAsync(TimeSpan.FromSeconds(299));
        Assert.Equal(1, (await ann.AskAsync(Keyed, "ack")).Number("seq"));
        await AgeAsync(TimeSpan.FromSeconds(1));
        Assert.Equal(2, (await ann.AskAsync(Keyed, "ack")).Number("seq"));
        // The old ones were put aside, and the new one counts.
        Assert.Equal("2", await redis.CommandAsync("EXISTS", Results[0], Results[1]));
        Assert.Equal(2, (await ann.AskAsync(Keyed, "ack")).Number("seq"));

        // Makes what is kept so much older.
        async Task AgeAsync(TimeSpan time) => await redis.CommandAsync(
            "EVAL",
            """
            local all = redis.call('HGETALL', KEYS[1])
            for i = 1, #all, 2 do
              local time, rest = string.match(all[i + 1], '^(%d+)(.*)$')
              redis.call('HSET', KEYS[1], all[i], string.format('%.0f', time - ARGV[1]) .. rest)
            end
            """,
            "1",
            Results[0],
            time.TotalMilliseconds.ToString(CultureInfo.InvariantCulture));
    }
}
