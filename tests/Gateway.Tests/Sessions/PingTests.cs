using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class PingTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    [Fact]
    public async Task A_ping_without_id_gets_a_pong_without_id()
    {
        await using var client = await gateway.ConnectAsync();

        Assert.Equal("""{"type":"pong"}""", await TextAsync(client, """{"type":"ping"}"""));
    }

    [Theory]
    [InlineData("\"a\"")]
    [InlineData("\"\"")]
    [InlineData("\"\\u00e9\\n\\\"\"")]
    [InlineData("0")]
    [InlineData("-7")]
    [InlineData("1.50")]
    [InlineData("1e400")]
    [InlineData("12345678901234567890123456789")]
    public async Task An_id_comes_back_as_it_was_sent(string id)
    {
        await using var client = await gateway.ConnectAsync();

        Assert.Equal($$"""{"type":"pong","id":{{id}}}""", await TextAsync(client, $$"""{"type":"ping","id":{{id}}}"""));
        Assert.Equal(id, (await client.AskAsync($$"""{"id":{{id}},"type":"nonsense"}""", "error")).Raw("id"));
    }

    [Theory]
    [InlineData("null")]
    [InlineData("true")]
    [InlineData("{}")]
    [InlineData("[1]")]
    public async Task An_id_that_is_neither_string_nor_number_is_an_error(string id)
    {
        await using var client = await gateway.ConnectAsync();

        var error = await client.AskAsync($$"""{"type":"ping","id":{{id}}}""", "error");

        Assert.Equal("bad_request", error.Text("code"));
        Assert.False(error.Has("id"));
    }

    [Fact]
    public async Task Pings_are_answered_in_the_order_they_came()
    {
        await using var client = await gateway.ConnectAsync();
        for (int i = 0; i < 500; i++)
            await client.SendAsync($$"""{"type":"ping","id":{{i}}}""");

        for (int i = 0; i < 500; i++)
            Assert.Equal(i, (await client.ReceiveAsync("pong")).Number("id"));
    }

    private static async Task<string?> TextAsync(JsonClient client, string json)
    {
        await client.SendAsync(json);
        return await client.ReceiveTextAsync();
    }
}
