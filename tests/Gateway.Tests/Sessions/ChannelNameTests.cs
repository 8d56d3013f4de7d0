using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class ChannelNameTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    [Theory]
    [InlineData("a b")]
    [InlineData(" a")]
    [InlineData("a\\t")]
    [InlineData("a\\u0000")]
    [InlineData("a\\n")]
    [InlineData("a\\u007f")]
    [InlineData("a\\u0085")]
    [InlineData("a\\u00a0b")]
    [InlineData("\\u2003")]
    [InlineData("\\u3000")]
    [InlineData("a\\ud800")]
    public async Task Blanks_control_characters_and_half_characters_are_refused_in_names(string name)
    {
        await using var client = await gateway.ConnectAsync();
        string[] requests =
        [
            $$"""{"type":"subscribe","channel":"{{name}}","id":1}""",
            $$"""{"type":"message","channel":"{{name}}","content":1,"id":1}""",
            $$"""{"type":"history","channel":"{{name}}","id":1}""",
            $$"""{"type":"presence","channel":"{{name}}","id":1}""",
        ];

        foreach (string request in requests)
            Assert.Equal("bad_request", (await client.AskAsync(request, "error")).Text("code"));
        Assert.True(await client.HearsOnlyPongAsync());
    }

    [Fact]
    public async Task A_name_may_have_255_bytes_and_not_one_more()
    {
        await using var client = await gateway.ConnectAsync();
        string longest = "x" + string.Concat(Enumerable.Repeat("é", 127));

        Assert.Equal(longest, (await client.SubscribeAsync(longest)).Text("channel"));
        var error = await client.AskAsync($$"""{"type":"subscribe","channel":"{{longest}}y","id":3}""", "error");

        Assert.Equal("bad_request", error.Text("code"));
        Assert.Equal(3, error.Number("id"));
        Assert.Contains("255", error.Text("message"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("日本語:チャット")]
    [InlineData("emoji-🎉")]
    [InlineData("quote\\\"and\\\\backslash")]
    [InlineData("<script>&'/")]
    [InlineData("a:b:c::")]
    [InlineData(":")]
    public async Task Any_visible_character_is_welcome_and_comes_back_the_same(string escaped)
    {
        await using var client = await gateway.ConnectAsync();
        string name = JsonDocument.Parse($"\"{escaped}\"").RootElement.GetString()!;

        Assert.Equal(name, (await client.SubscribeAsync(escaped)).Text("channel"));
        await client.PublishAsync(escaped, "1");
        Assert.Equal(name, (await client.ReceiveAsync("message")).Text("channel"));
        Assert.Equal(name, (await client.AskAsync($$"""{"type":"unsubscribe","channel":"{{escaped}}"}""", "unsubscribed")).Text("channel"));
    }

    [Fact]
    public async Task However_a_name_is_escaped_it_is_the_same_channel()
    {
        string channel = SharedGateway.NewChannel() + "/é";
        string escaped = string.Concat(channel.Select(c => $"\\u{(int)c:x4}"));
        await using var client = await gateway.ConnectAsync();
        await client.SubscribeAsync(channel);

        await client.PublishAsync(escaped, "1");

        Assert.Equal(channel, (await client.ReceiveAsync("message")).Text("channel"));
        Assert.Equal(
            channel, (await client.AskAsync($$"""{"type":"unsubscribe","channel":"{{escaped}}"}""", "unsubscribed")).Text("channel"));
    }

    [Fact]
    public async Task Names_differ_by_case_and_by_every_byte()
    {
        string channel = SharedGateway.NewChannel();
        await using var client = await gateway.ConnectAsync();
        await client.SubscribeAsync(channel);

        await client.PublishAsync(channel.ToUpperInvariant(), "1");
        await client.PublishAsync(channel + ".", "2");
        await client.PublishAsync(channel, "3");

        Assert.Equal(3, (await client.ReceiveAsync("message")).Number("content"));
    }
}
