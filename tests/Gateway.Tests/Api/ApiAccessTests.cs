using Gateway.TestSupport;

namespace Gateway.Tests.Api;

public sealed class ApiAccessTests
{
    [Fact]
    public async Task With_keys_every_path_of_the_api_needs_one_of_them()
    {
        await using var server = await GatewayServer.StartAsync("Api:Keys:0=first-key", "Api:Keys:1=second-key");
        foreach (string key in new[] { "first-key", "second-key" })
            Assert.Equal(200, (await server.GetAsync("/api/nodes", ("Authorization", "Bearer " + key))).Status);

        var missing = await server.GetAsync("/api/nodes");
        Assert.Equal((401, "application/problem+json"), (missing.Status, missing.ContentType));
        foreach (string wrong in new[]
        {
            "Bearer ", "Bearer first-ke", "Bearer first-key2", "Basic first-key", "first-key", "Bearer FIRST-KEY",
        })
            Assert.Equal(missing, await server.GetAsync("/api/nodes", ("Authorization", wrong)));
        Assert.Equal(missing, await server.PostAsync("publish", "{"));
        Assert.Equal(missing, await server.GetAsync("/api/nothing"));
    }

    [Fact]
    public async Task Keys_may_stand_in_one_setting()
    {
        await using var server = await GatewayServer.StartAsync("Api:Keys=first-key; second-key");
        Assert.Equal(200, (await server.GetAsync("/api/nodes", ("Authorization", "Bearer second-key"))).Status);
        Assert.Equal(401, (await server.GetAsync("/api/nodes", ("Authorization", "Bearer first-key; second-key"))).Status);
    }

    [Fact]
    public async Task Metrics_and_health_need_no_key()
    {
        await using var server = await GatewayServer.StartAsync("Api:Keys=key");
        Assert.Equal(200, (await server.GetAsync("/metrics")).Status);
        Assert.Equal(200, (await server.GetAsync("/health/live")).Status);
        Assert.Equal("ready", (await server.GetAsync("/health/ready")).Json.Text("status"));
    }

    [Theory]
    [InlineData("Origin", "http://evil.example")]
    [InlineData("Origin", "null")]
    [InlineData("Host", "evil.example")]
    public async Task Without_keys_a_page_of_another_site_in_a_browser_on_this_machine_is_kept_out(string header, string value)
    {
        await using var server = await GatewayServer.StartAsync();
        var answer = await server.PostAsync("publish", """{"channel":"a","content":1}""", (header, value));
        Assert.Equal((403, "application/problem+json"), (answer.Status, answer.ContentType));
    }

    [Fact]
    public async Task Without_keys_a_page_of_the_port_itself_is_let_in()
    {
        await using var server = await GatewayServer.StartAsync();
        Assert.Equal(200, (await server.GetAsync("/api/nodes", ("Origin", $"http://127.0.0.1:{server.InternalPort}"))).Status);
    }
}
