using Gateway.TestSupport;

namespace Gateway.Tests.Process;

/// <summary>Configuration, <c>Development</c>: nobody lets everybody in by forgetting a key.</summary>
public sealed class DevelopmentTests
{
    [Fact]
    public async Task Without_a_key_and_without_the_flag_it_does_not_start_and_says_how_to_go_on()
    {
        string refusal = await RefusalAsync(new GatewayLaunch { Development = false });

        Assert.Equal(
            "The configuration has a problem:\n" +
            "  * Gateway:Auth:Secret: no key for tokens is configured, so nobody could sign in: " +
            "set Gateway:Auth:Secret or Gateway:Auth:Jwks; or, to try the gateway on this machine alone, " +
            "--Gateway:Development=true lets everybody in\n",
            refusal);
    }

    [Theory]
    [InlineData("Public=http://0.0.0.0:0", "Gateway:Public is http://0.0.0.0:0")]
    [InlineData("Public=http://*:0", "Gateway:Public is http://[::]:0")]
    [InlineData("Public=http://192.0.2.1:8080", "Gateway:Public is http://192.0.2.1:8080")]
    [InlineData("Internal=http://0.0.0.0:0", "Gateway:Internal is http://0.0.0.0:0")]
    [InlineData("Proxy:Protocol=true", "Gateway:Proxy:Protocol is set")]
    [InlineData("Proxy:Trusted=127.0.0.1", "Gateway:Proxy:Trusted is set")]
    public async Task The_flag_is_refused_where_others_could_come_in(string setting, string why)
    {
        foreach (string[] settings in new[] { new[] { setting }, [setting, "Auth:Secret=a secret that is long enough for HMAC"] })
        {
            string refusal = await RefusalAsync(new GatewayLaunch { Settings = settings });

            Assert.StartsWith($"The configuration has a problem:\n  * Gateway:Development: is for this machine alone, but {why}", refusal);
        }
    }

    [Fact]
    public async Task With_a_key_the_flag_lets_nobody_in()
    {
        await using var gateway = await GatewayProcess.StartAsync("Auth:Secret=a secret that is long enough for HMAC");

        Assert.Contains("mode       tokens (HS by secret)\n", gateway.Output);
        Assert.DoesNotContain("demo", gateway.Output);
        await using var client = await RawWebSocket.ConnectTcpAsync(gateway.PublicPort);
        await client.SendTextAsync("GET /sse?channel=news HTTP/1.1\r\nHost: gateway\r\n\r\n");
        Assert.Equal(401, (await client.ReadReplyAsync()).Status);
    }

    [Fact]
    public async Task From_a_clone_dotnet_run_is_all_that_is_needed()
    {
        // What --no-build runs was built with the tests; the profile is looked up all the same.
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            Command = ["dotnet", "run", "--no-build", "-c", "Release", "--project", "src/Gateway", "--"],
            Folder = Repository.Root,
            Development = false,
        });

        Assert.Contains("mode       development\n", gateway.Output);
        await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);
        Assert.StartsWith("anonymous-", client.User);
    }

    [Fact]
    public async Task From_a_clone_a_key_is_all_that_is_needed_for_tokens()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            Command = ["dotnet", "run", "--no-build", "-c", "Release", "--project", "src/Gateway", "--"],
            Folder = Repository.Root,
            Development = false,
            Environment = new Dictionary<string, string> { ["Gateway__Auth__Secret"] = "a secret that is long enough for HMAC" },
        });

        Assert.Contains("mode       tokens (HS by secret)\n", gateway.Output);
    }

    private static async Task<string> RefusalAsync(GatewayLaunch launch)
    {
        await using var gateway = GatewayProcess.Launch(launch);
        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Empty(gateway.Output);
        return gateway.Errors;
    }
}
