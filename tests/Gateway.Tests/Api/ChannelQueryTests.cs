using Gateway.TestSupport;

namespace Gateway.Tests.Api;

public sealed class ChannelQueryTests(ApiGateway gateway) : IClassFixture<ApiGateway>
{
    [Fact]
    public async Task Channels_are_listed_in_order_with_their_subscribers_page_by_page()
    {
        await using var one = await gateway.ConnectAsync("one");
        await using var two = await gateway.ConnectAsync("two");
        string[] names = ["list:a", "list:b", "list:b:c", "list:z", "list:ä"];
        foreach (string name in names.Reverse().Append("other:a"))
            await one.SubscribeAsync(name);
        await two.SubscribeAsync("list:b");

        var found = new List<string>();
        string after = "";
        while (true)
        {
            var page = (await gateway.Server.GetAsync($"/api/channels?prefix=list:&limit=2&after={Uri.EscapeDataString(after)}")).Json;
            foreach (var channel in page.GetProperty("channels").EnumerateArray())
            {
                after = channel.Text("channel");
                found.Add(after);
                Assert.Equal(after == "list:b" ? 2 : 1, channel.Number("subscribers"));
            }
            if (!page.GetProperty("more").GetBoolean())
                break;
        }
        Assert.Equal(names, found);
    }

    [Fact]
    public async Task A_channel_is_described_with_what_its_namespace_has()
    {
        await using var ann = await gateway.ConnectAsync("ann");
        await ann.SubscribeAsync("room:1");
        await gateway.Server.PostAsync("publish", """{"channel":"log:1","content":1}""");

        var room = (await gateway.Server.GetAsync("/api/channels/room:1")).Json;
        Assert.Equal(("room", 1, 1), (room.Text("namespace"), room.Number("subscribers"), room.Number("users")));
        Assert.False(room.Has("seq"));
        Assert.Equal(1, room.GetProperty("nodes")[0].Number("subscribers"));
        var log = (await gateway.Server.GetAsync("/api/channels/log:1")).Json;
        Assert.Equal((0, 1), (log.Number("subscribers"), log.Number("seq")));
        Assert.False(log.Has("users"));
    }

    [Fact]
    public async Task A_channel_nobody_knows_is_empty_and_no_error()
    {
        Assert.Equal(0, (await gateway.Server.GetAsync("/api/channels/room:unknown")).Json.Number("subscribers"));
        Assert.Equal(0, (await gateway.Server.GetAsync("/api/channels/room:unknown/presence")).Json.Number("count"));
        Assert.Equal(0, (await gateway.Server.GetAsync("/api/channels/unknown/presence")).Json.Number("count"));
        Assert.Empty((await gateway.Server.GetAsync("/api/channels/log:unknown/history")).Json.GetProperty("messages").EnumerateArray());
        Assert.Empty((await gateway.Server.GetAsync("/api/channels/unknown/history")).Json.GetProperty("messages").EnumerateArray());
    }

    [Theory]
    [InlineData("log:a/b", "log:a%2Fb")]
    [InlineData("log:a%2Fb", "log:a%252Fb")]
    [InlineData("log:ü?&#", "log:%C3%BC%3F%26%23")]
    public async Task A_name_in_a_path_is_percent_encoded(string name, string encoded)
    {
        await gateway.Server.PostAsync("publish", $$"""{"channel":"{{name}}","content":"{{encoded}}"}""");
        var history = (await gateway.Server.GetAsync($"/api/channels/{encoded}/history")).Json;
        Assert.Equal(name, history.Text("channel"));
        Assert.Equal(encoded, history.GetProperty("messages")[0].Text("content"));
    }

    [Fact]
    public async Task History_is_read_from_either_end()
    {
        for (int i = 1; i <= 5; i++)
            await gateway.Server.PostAsync("publish", $$"""{"channel":"log:read","content":{{i}},"sender":"ann"}""");

        var newest = (await gateway.Server.GetAsync("/api/channels/log:read/history?limit=2")).Json;
        Assert.Equal([4L, 5L], newest.GetProperty("messages").EnumerateArray().Seqs());
        Assert.True(newest.GetProperty("more").GetBoolean());
        var before = (await gateway.Server.GetAsync("/api/channels/log:read/history?before=3")).Json;
        Assert.Equal([1L, 2L], before.GetProperty("messages").EnumerateArray().Seqs());
        Assert.False(before.GetProperty("more").GetBoolean());
        var after = (await gateway.Server.GetAsync("/api/channels/log:read/history?after=3&limit=1")).Json;
        Assert.Equal([4L], after.GetProperty("messages").EnumerateArray().Seqs());
        Assert.Equal("ann", after.GetProperty("messages")[0].Text("sender"));
    }

    [Fact]
    public async Task Presence_names_the_users()
    {
        await using var ann = await gateway.ConnectAsync("ann");
        await using var bob = await gateway.ConnectAsync("bob");
        await ann.SubscribeAsync("room:who");
        await bob.SubscribeAsync("room:who");
        var presence = (await gateway.Server.GetAsync("/api/channels/room:who/presence")).Json;
        Assert.Equal(["ann", "bob"], presence.Texts("users").Order());
        Assert.Equal(2, presence.Number("count"));
    }
}
