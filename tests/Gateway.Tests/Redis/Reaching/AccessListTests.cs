using System.Globalization;
using System.Text.RegularExpressions;
using Gateway.Server.Backplane.Redis;
using Gateway.TestSupport;
using Gateway.Tests.Redis.Faults;

namespace Gateway.Tests.Redis.Reaching;

/// <summary>The access list of scaling, "What Redis has to allow", read from the page.</summary>
public sealed partial class AccessListTests
{
    private const string Secret = "hunter2";

    /// <summary>The commands that are sent outside the scripts.</summary>
    private static readonly string[] Sent =
        ["echo", "eval", "evalsha", "info", "ping", "publish", "script|load", "subscribe", "unsubscribe"];

    private static readonly string[] SignIn = ["Redis:User=gateway", "Redis:Password=" + Secret];

    [Fact]
    public async Task With_it_everything_works_and_nothing_else_is_allowed()
    {
        await using var redis = await RedisServer.StartAsync();
        await AllowAsync(redis, Documented("user gateway on"));
        await using var pair = await NodePair.StartAsync(redis.Address, SignIn);

        await pair.DoEverythingAsync();
        await EmptyChannelIsForgottenAsync(pair, redis);

        // Other first commands of the client library are refused, and do not matter.
        string refused = await redis.CommandAsync("ACL", "LOG", "100");
        Assert.DoesNotContain("lua", refused, StringComparison.Ordinal);
        Assert.DoesNotContain("gateway:", refused, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_INFO_everything_works_too()
    {
        await using var redis = await RedisServer.StartAsync();
        await AllowAsync(redis, [.. Documented("user gateway on"), "-info"]);
        await using var pair = await NodePair.StartAsync(redis.Address, SignIn);

        await pair.DoEverythingAsync();
    }

    [Fact]
    public async Task With_the_line_for_a_cluster_everything_works_there()
    {
        await using var cluster = await RedisCluster.StartAsync();
        foreach (var server in cluster.Servers)
            await AllowAsync(server, [.. Documented("user gateway on"), .. Documented("in a cluster")]);
        await using var pair = await NodePair.StartAsync(cluster.Address, SignIn);

        await pair.DoEverythingAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Only_who_may_read_the_settings_sees_that_a_restart_has_lost_nothing_and_nobody_misses_anything(bool readsSettings)
    {
        string[] rules = [.. Documented("user gateway on"), .. readsSettings ? (string[])["+config|get"] : []];
        await using var redis = await RedisServer.StartAsync(persistent: true, ["--user", "gateway", "on", ">" + Secret, .. rules]);
        await using var pair = await NodePair.StartAsync(redis.Address, SignIn);
        await using var publisher = await JsonClient.ConnectAsync(pair.A);
        string epoch = (await publisher.PublishManyAsync("log:x", 10)).Text("epoch");

        await redis.RestartAsync(keepData: true);
        await Eventually.TrueAsync(async () => (await publisher.AskAnythingAsync(
            """{"type":"message","channel":"log:x","content":11,"key":"k","id":1}""")).Text("type") == "ack", "it is published");

        await pair.B.IsReadyAsync();
        await using var client = await JsonClient.ConnectAsync(pair.B);
        var subscribed = await client.RecoverAsync("log:x", epoch, 5);
        Assert.True(subscribed.GetProperty("recovered").GetBoolean());
        Assert.Equal(readsSettings, subscribed.Text("epoch") == epoch);
        Assert.Equal([6, 7, 8, 9, 10, 11], (await client.ReceiveMessagesAsync(6)).Seqs());
    }

    [Fact]
    public void The_access_list_has_the_commands_of_the_scripts_and_no_others()
    {
        var called = RedisScripts.All.SelectMany(script => Call().Matches(script.Text))
            .Select(call => call.Groups["command"].Value + (call.Groups["more"] is { Success: true } more ? "|" + more.Value : ""))
            .Select(command => command.ToLowerInvariant());

        // The reading script has its command in a variable.
        Assert.Equal(
            called.Concat(Sent).Concat(["xrange", "xrevrange"]).Distinct().Order(StringComparer.Ordinal),
            Documented("user gateway on").Where(rule => rule[0] == '+').Select(rule => rule[1..]).Order(StringComparer.Ordinal));
    }

    /// <summary>Waits for what a node does 3 s after the last subscriber of a channel that never had a message.</summary>
    private static async Task EmptyChannelIsForgottenAsync(NodePair pair, RedisServer redis)
    {
        await using (var client = await JsonClient.ConnectAsync(pair.A))
            await client.SubscribeAsync("log:empty");
        await Eventually.TrueAsync(
            async () => long.Parse(
                await redis.CommandAsync("PTTL", "gateway:m:{log:empty}"), CultureInfo.InvariantCulture) is > 0 and <= 10_000,
            "its position expires soon");
    }

    private static async Task AllowAsync(RedisServer redis, IEnumerable<string> rules) =>
        Assert.Equal("OK", await redis.CommandAsync(["ACL", "SETUSER", "gateway", "on", ">" + Secret, .. rules]));

    /// <summary>The rules of a list on the page, without user and password.</summary>
    private static string[] Documented(string beginning)
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "scaling.md"));
        string list = Assert.Single(page.Split("```"), block => block.StartsWith("\n" + beginning, StringComparison.Ordinal));
        return [.. list.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Where(rule => rule[0] is '~' or '&' or '+' or '-')];
    }

    [GeneratedRegex(@"redis\.p?call\('(?<command>[A-Z]+)'(?:, '(?<more>NUMSUB)')?")]
    private static partial Regex Call();
}
