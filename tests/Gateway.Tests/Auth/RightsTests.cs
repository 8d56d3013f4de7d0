using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>The rights that namespaces and a token's <c>channels</c> give. One gateway, a user or two for each test.</summary>
public sealed class RightsTests(RightsTests.Namespaces gateway) : IClassFixture<RightsTests.Namespaces>
{
    private static int _rooms;

    public static TheoryData<string, bool, bool, bool> Permissions => new()
    {
        // Columns: namespace, anonymous, signed in, granted.
        { "anyone", true, true, true },
        { "signedin", false, true, true },
        { "granted", false, false, true },
        { "nobody", false, false, false },
    };

    [Theory]
    [MemberData(nameof(Permissions))]
    public async Task A_namespace_says_who_may_subscribe_read_and_publish(string ns, bool anonymous, bool signedIn, bool granted)
    {
        await using var stranger = await JsonClient.ConnectAsync(gateway.Server.Server);
        await using var user = await gateway.Server.ConnectAsync("ann");
        await using var bearer = await gateway.Server.ConnectAsync(
            "ann", Channels($$"""{"{{ns}}:*":["subscribe","publish","presence","history"]}"""));

        foreach (var (client, allowed) in new[] { (stranger, anonymous), (user, signedIn), (bearer, granted) })
        {
            foreach (string verb in new[] { "subscribe", "publish", "presence", "history" })
                Assert.Equal((verb, allowed), (verb, await MayAsync(client, verb, $"{ns}:x")));
        }
    }

    [Theory]
    [InlineData("subscribe")]
    [InlineData("publish")]
    [InlineData("presence")]
    [InlineData("history")]
    public async Task Each_right_is_granted_by_itself(string right)
    {
        await using var client = await gateway.Server.ConnectAsync("ann", Channels($$"""{"granted:*":["{{right}}"]}"""));

        foreach (string verb in new[] { "subscribe", "publish", "presence", "history" })
            Assert.Equal((verb, verb == right), (verb, await MayAsync(client, verb, "granted:x")));
    }

    [Theory]
    [InlineData("granted:a", "granted:a", true)]
    [InlineData("granted:a", "granted:ab", false)]
    [InlineData("granted:a", "granted:", false)]
    [InlineData("granted:*", "granted:a", true)]
    [InlineData("granted:*", "granted:", true)]
    [InlineData("granted:*", "granted", false)]
    [InlineData("granted:a*", "granted:ab", true)]
    [InlineData("granted:a*", "granted:ba", false)]
    [InlineData("*", "granted:a", true)]
    [InlineData("*", "plain", true)]
    [InlineData("gran*", "granted:a", true)]
    [InlineData("granted:*x", "granted:ax", false)]
    [InlineData("granted:*x", "granted:*x", true)]
    [InlineData("granted:ä", "granted:ä", true)]
    [InlineData("GRANTED:a", "granted:a", false)]
    [InlineData("", "granted:a", false)]
    public async Task A_pattern_is_a_name_or_a_prefix_that_ends_in_a_star(string pattern, string channel, bool allowed)
    {
        await using var client = await gateway.Server.ConnectAsync("ann", Channels($$"""{"{{pattern}}":["publish"]}"""));

        Assert.Equal(allowed, await MayAsync(client, "publish", channel));
    }

    [Fact]
    public async Task Patterns_that_fit_the_same_channel_add_up_and_unknown_rights_are_none()
    {
        await using var client = await gateway.Server.ConnectAsync(
            "ann", Channels("""{"granted:*":["subscribe","fly"],"granted:a":["publish"],"granted:b":[]}"""));

        Assert.True(await MayAsync(client, "subscribe", "granted:a"));
        Assert.True(await MayAsync(client, "publish", "granted:a"));
        Assert.False(await MayAsync(client, "publish", "granted:b"));
    }

    [Fact]
    public async Task A_personal_channel_is_for_its_user_whatever_a_token_grants()
    {
        await using var ann = await gateway.Server.ConnectAsync("ann", Channels("""{"*":["subscribe","publish","presence","history"]}"""));

        Assert.True(await MayAsync(ann, "subscribe", "user:ann"));
        Assert.False(await MayAsync(ann, "publish", "user:ann"));
        foreach (string verb in new[] { "subscribe", "publish", "presence", "history" })
            Assert.False(await MayAsync(ann, verb, "user:bob"));
    }

    [Fact]
    public async Task A_denial_is_the_same_whether_the_channel_exists_or_not()
    {
        await using var member = await gateway.Server.ConnectAsync("bob", Channels("""{"granted:busy":["subscribe","publish"]}"""));
        await member.SubscribeAsync("granted:busy");
        await member.PublishAsync("granted:busy", "1");
        await member.ReceiveAsync("message");
        await using var client = await gateway.Server.ConnectAsync("ann");

        foreach (string verb in new[] { "subscribe", "publish", "presence", "history" })
        {
            string busy = (await AskAsync(client, verb, "granted:busy")).GetRawText();
            string idle = (await AskAsync(client, verb, "granted:idle")).GetRawText();
            Assert.Equal(
                """{"type":"error","code":"forbidden","message":"not allowed in this channel","id":1,"channel":"granted:busy"}""", busy);
            Assert.Equal(busy, idle.Replace("idle", "busy", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task Without_the_right_to_presence_a_subscriber_is_seen_and_sees_no_user()
    {
        string room = $"granted:room{Interlocked.Increment(ref _rooms)}";
        await using var blind = await gateway.Server.ConnectAsync("blind", Channels("""{"granted:*":["subscribe"]}"""));
        await using var seeing = await gateway.Server.ConnectAsync(
            "seeing", Channels("""{"granted:*":["subscribe","presence","publish"]}"""));

        var subscribed = await blind.SubscribeAsync(room);
        Assert.Equal(["blind", "seeing"], (await seeing.SubscribeAsync(room)).Texts("users").Order());
        gateway.Server.Time.Advance(TimeSpan.FromSeconds(1));
        await seeing.PublishAsync(room, "1");

        Assert.Equal((false, false), (subscribed.Has("users"), subscribed.Has("count")));
        Assert.Equal(1, (await blind.ReceiveAsync("message")).Number("content"));
        Assert.False((await blind.SubscribeAsync(room)).Has("count"));
    }

    [Fact]
    public async Task The_right_to_subscribe_includes_recovery()
    {
        const string Log = "granted:log";
        await using var client = await gateway.Server.ConnectAsync("ann", Channels("""{"granted:*":["subscribe","publish"]}"""));
        var first = await client.AskAsync($$"""{"type":"message","channel":"{{Log}}","content":1,"id":1}""", "ack");
        await client.AskAsync($$"""{"type":"message","channel":"{{Log}}","content":2,"id":1}""", "ack");

        Assert.True((await client.RecoverAsync(Log, first.Text("epoch"), first.Number("seq"))).GetProperty("recovered").GetBoolean());
        Assert.Equal(2, (await client.ReceiveAsync("message")).Number("content"));
    }

    private static string Channels(string json) => ",\"channels\":" + json;

    private static Task<System.Text.Json.JsonElement> AskAsync(JsonClient client, string verb, string channel) =>
        client.AskAnythingAsync(verb == "publish"
            ? $$"""{"type":"message","channel":"{{channel}}","content":1,"id":1}"""
            : $$"""{"type":"{{verb}}","channel":"{{channel}}","id":1}""");

    private static async Task<bool> MayAsync(JsonClient client, string verb, string channel)
    {
        var answer = await AskAsync(client, verb, channel);
        if (answer.Text("type") != "error")
            return true;
        Assert.Equal("forbidden", answer.Text("code"));
        return false;
    }

    public sealed class Namespaces : IAsyncLifetime
    {
        public TokenServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await TokenServer.StartAsync(
            [
                "Auth:Required=false",
                "Namespaces:default:Presence=true", "Namespaces:default:History=10",
                "Namespaces:anyone:Subscribe=anyone", "Namespaces:anyone:Publish=anyone",
                "Namespaces:signedin:Subscribe=signed-in", "Namespaces:signedin:Publish=signed-in",
                "Namespaces:nobody:Subscribe=nobody", "Namespaces:nobody:Publish=nobody",
            ]);

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
