using Gateway.TestSupport;

namespace Gateway.Tests.Auth;

/// <summary>Origins: the pages whose scripts may connect.</summary>
public sealed class OriginTests(OriginTests.Listed gateway) : IClassFixture<OriginTests.Listed>
{
    [Theory]
    [InlineData("https://example.com")]
    [InlineData("https://EXAMPLE.com")]
    [InlineData("https://example.com:443")]
    [InlineData("https://a.example.org")]
    [InlineData("https://a.b.example.org")]
    [InlineData("http://localhost:3000")]
    [InlineData("capacitor://localhost")]
    public async Task An_origin_on_the_list_may_connect(string origin)
    {
        await using var client = await JsonClient.ConnectAsync(
            gateway.Server.WebSocketUri, options => options.SetRequestHeader("Origin", origin));

        Assert.StartsWith("anonymous-", client.User, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://example.com")]
    [InlineData("https://example.com:444")]
    [InlineData("https://www.example.com")]
    [InlineData("https://example.com.evil.org")]
    [InlineData("https://evilexample.com")]
    [InlineData("https://example.org")]
    [InlineData("https://evilexample.org")]
    [InlineData("https://a.example.org.evil.com")]
    [InlineData("https://a.example.org:8443")]
    [InlineData("http://a.example.org")]
    [InlineData("https://*.example.org")]
    [InlineData("https://a.example.org/x")]
    [InlineData("https://evil.com#.example.org")]
    [InlineData("https://evil.com\\.example.org")]
    [InlineData("https://user@a.example.org")]
    [InlineData("http://localhost")]
    [InlineData("http://127.0.0.1:3000")]
    [InlineData("null")]
    [InlineData("file://")]
    [InlineData("nonsense")]
    public async Task Any_other_is_refused(string origin)
    {
        foreach (string path in new[] { "/ws", "/echo" })
        {
            var reply = await TokenServer.AskAsync(gateway.Server, path, "Origin: " + origin);

            Assert.Equal((403, """{"error":"forbidden","message":"this origin is not allowed"}"""), (reply.Status, reply.Body));
        }
    }

    [Fact]
    public async Task Programs_send_none_and_may_connect()
    {
        await using var client = await JsonClient.ConnectAsync(gateway.Server);

        Assert.Equal("connected", client.Connected.Text("type"));
    }

    [Fact]
    public async Task Without_a_list_any_page_may_connect()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var client = await JsonClient.ConnectAsync(
            server.WebSocketUri, options => options.SetRequestHeader("Origin", "https://example.net"));

        Assert.Equal("connected", client.Connected.Text("type"));
    }

    public sealed class Listed : IAsyncLifetime
    {
        public GatewayServer Server { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Server = await GatewayServer.StartAsync(
            "Diagnostics:Echo=true", "Origins:0=https://example.com", "Origins:1=https://*.example.org",
            "Origins:2=http://localhost:3000;capacitor://localhost");

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
