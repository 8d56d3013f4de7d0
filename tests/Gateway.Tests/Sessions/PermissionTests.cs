using Gateway.TestSupport;

namespace Gateway.Tests.Sessions;

public sealed class PermissionTests(SharedGateway gateway) : IClassFixture<SharedGateway>
{
    private const string Reads = "subscribe history presence";

    [Fact]
    public async Task A_user_may_subscribe_to_the_own_personal_channel()
    {
        await using var ann = await gateway.ConnectAsync("?user=ann");

        Assert.Equal("user:ann", (await ann.SubscribeAsync("user:ann")).Text("channel"));
    }

    [Theory]
    [InlineData("user:bob")]
    [InlineData("user:")]
    [InlineData("user:an")]
    [InlineData("user:ann:phone")]
    [InlineData("user:ANN")]
    public async Task Nobody_may_read_the_personal_channel_of_another(string channel)
    {
        await using var ann = await gateway.ConnectAsync("?user=ann");

        foreach (string type in Reads.Split(' '))
        {
            var error = await ann.AskAsync($$"""{"type":"{{type}}","channel":"{{channel}}","id":1}""", "error");
            Assert.Equal(("forbidden", channel, 1), (error.Text("code"), error.Text("channel"), error.Number("id")));
        }
    }

    [Theory]
    [InlineData("user:ann")]
    [InlineData("user:bob")]
    public async Task No_client_may_publish_in_a_personal_channel_not_even_its_user(string channel)
    {
        await using var ann = await gateway.ConnectAsync("?user=ann");

        var error = await ann.AskAsync($$"""{"type":"message","channel":"{{channel}}","content":1,"id":"m"}""", "error");

        Assert.Equal(("forbidden", "m"), (error.Text("code"), error.Text("id")));
    }

    [Fact]
    public async Task Where_nobody_may_publish_clients_still_read()
    {
        await using var client = await gateway.ConnectAsync();

        await client.SubscribeAsync("unpublished:news");
        Assert.Equal(
            "forbidden", (await client.AskAsync("""{"type":"message","channel":"unpublished:news","content":1}""", "error")).Text("code"));
    }

    [Fact]
    public async Task Where_nobody_may_subscribe_clients_still_publish()
    {
        await using var client = await gateway.ConnectAsync();

        foreach (string type in Reads.Split(' '))
            Assert.Equal("forbidden", (await client.AskAsync($$"""{"type":"{{type}}","channel":"unread:inbox"}""", "error")).Text("code"));
        await client.AskAsync("""{"type":"message","channel":"unread:inbox","content":1,"id":1}""", "ack");
    }

    [Fact]
    public async Task In_development_mode_everybody_counts_as_signed_in_and_granted()
    {
        await using var server = await GatewayServer.StartAsync(
            "Namespaces:g:Subscribe=granted", "Namespaces:g:Publish=granted", "Namespaces:s:Subscribe=signed-in",
            "Namespaces:s:Publish=signed-in");
        await using var client = await JsonClient.ConnectAsync(server);

        foreach (string channel in new[] { "g:1", "s:1" })
        {
            await client.SubscribeAsync(channel);
            await client.PublishAsync(channel, "1");
            await client.ReceiveAsync("message");
        }
    }
}
