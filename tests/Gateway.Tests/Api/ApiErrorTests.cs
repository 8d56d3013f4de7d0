using Gateway.Server.Backplane;
using Gateway.TestSupport;
using Gateway.Tests.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Tests.Api;

public sealed class ApiErrorTests(ApiGateway gateway) : IClassFixture<ApiGateway>
{
    [Theory]
    [InlineData("publish", "", "body")]
    [InlineData("publish", "{", "body")]
    [InlineData("publish", "[]", "body")]
    [InlineData("publish", """{"channel":"a","content":1} x""", "body")]
    [InlineData("publish", """{"content":1}""", "channel")]
    [InlineData("publish", """{"channel":7,"content":1}""", "channel")]
    [InlineData("publish", """{"channel":"","content":1}""", "channel")]
    [InlineData("publish", """{"channel":"a b","content":1}""", "channel")]
    [InlineData("publish", """{"channel":"a"}""", "content")]
    [InlineData("publish", """{"channel":"a","content":1,"key":7}""", "key")]
    [InlineData("publish", """{"channel":"a","content":1,"key":""}""", "key")]
    [InlineData("publish", """{"channel":"a","content":1,"sender":{}}""", "sender")]
    [InlineData("broadcast", """{"content":1}""", "channels")]
    [InlineData("broadcast", """{"channels":"a","content":1}""", "channels")]
    [InlineData("broadcast", """{"channels":[],"content":1}""", "channels")]
    [InlineData("broadcast", """{"channels":["a",1],"content":1}""", "channels[1]")]
    [InlineData("batch", """{"commands":{}}""", "commands")]
    [InlineData("subscribe", """{"channel":"a"}""", "user")]
    [InlineData("subscribe", """{"channel":"a","user":"u","connection":"c"}""", "user")]
    [InlineData("subscribe", """{"channel":"a","user":7}""", "user")]
    [InlineData("subscribe", """{"user":"u"}""", "channel")]
    [InlineData("unsubscribe", """{"user":"u","channel":"a\n"}""", "channel")]
    [InlineData("disconnect", "{}", "user")]
    [InlineData("disconnect", """{"connection":[]}""", "connection")]
    [InlineData("disconnect", """{"user":"u","reason":1}""", "reason")]
    public async Task A_wrong_body_is_answered_with_a_problem_that_names_the_field(string command, string body, string field)
    {
        var answer = await gateway.Server.PostAsync(command, body);
        Assert.Equal(400, answer.Status);
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Equal((400, field), (answer.Json.Number("status"), answer.Json.Text("field")));
    }

    [Theory]
    [InlineData("key", 256)]
    [InlineData("sender", 256)]
    [InlineData("channel", 256)]
    public async Task A_text_that_is_too_long_is_refused(string field, int length)
    {
        string body = $$"""{"content":1,"channel":"a","{{field}}":"{{new string('x', length)}}"}""";
        var answer = await gateway.Server.PostAsync("publish", body);
        Assert.Equal((400, field), (answer.Status, answer.Json.Text("field")));
    }

    [Fact]
    public async Task More_channels_or_commands_than_allowed_are_refused()
    {
        string many = string.Join(',', Enumerable.Repeat("\"a\"", 1_001));
        Assert.Equal(
            "channels", (await gateway.Server.PostAsync("broadcast", $$"""{"channels":[{{many}}],"content":1}""")).Json.Text("field"));
        Assert.Equal("commands", (await gateway.Server.PostAsync("batch", $$"""{"commands":[{{many}}]}""")).Json.Text("field"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_body_over_the_limit_gets_413(bool chunked)
    {
        await using var server = await GatewayServer.StartAsync("Api:BodyBytes=4096");
        string body = $$"""{"channel":"a","content":"{{new string('x', 5_000)}}"}""";
        var answer = await server.PostAsync("publish", body, chunked ? [("Transfer-Encoding", "chunked")] : []);
        Assert.Equal((413, "application/problem+json", "body"), (answer.Status, answer.ContentType, answer.Json.Text("field")));
    }

    [Theory]
    [InlineData("GET", "/api/publish")]
    [InlineData("POST", "/api/nodes")]
    [InlineData("GET", "/api/nothing/here")]
    [InlineData("GET", "/api")]
    public async Task A_missing_path_is_a_problem_too(string method, string path)
    {
        var answer = await ApiCalls.SendAsync(gateway.Server.InternalPort, new HttpMethod(method), path, method == "POST" ? [] : null);
        Assert.Equal((404, "application/problem+json"), (answer.Status, answer.ContentType));
    }

    [Theory]
    [InlineData("/api/channels?limit=0", "limit")]
    [InlineData("/api/channels?limit=1001", "limit")]
    [InlineData("/api/channels?limit=many", "limit")]
    [InlineData("/api/channels/log:a/history?after=-1", "after")]
    [InlineData("/api/channels/log:a/history?before=x", "before")]
    [InlineData("/api/channels/log:a/history?before=1&after=1", "before")]
    [InlineData("/api/channels/a%20b", "channel")]
    public async Task A_wrong_query_is_answered_with_a_problem_that_names_the_parameter(string path, string field)
    {
        var answer = await gateway.Server.GetAsync(path);
        Assert.Equal((400, "application/problem+json", field), (answer.Status, answer.ContentType, answer.Json.Text("field")));
    }

    [Theory]
    [InlineData("/api/publish")]
    [InlineData("/api/nodes")]
    [InlineData("/openapi/v1.json")]
    public async Task Clients_on_the_public_port_find_no_api(string path) =>
        Assert.Equal(404, (await ApiCalls.SendAsync(gateway.Server.PublicPort, HttpMethod.Get, path, null)).Status);

    [Fact]
    public async Task While_redis_is_away_nothing_is_accepted_and_the_answer_says_so()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var server = await GatewayServer.StartAsync("Redis:Addresses=" + redis.Address, "Namespaces:h:History=10");
        await Eventually.TrueAsync(() => TwoNodes.Problem(server) is null, "the node is ready");
        redis.Kill();
        await Eventually.TrueAsync(() => server.Services.GetRequiredService<IBackplane>().Problem is not null, "the loss is known");

        var publish = await server.PostAsync("publish", """{"channel":"a","content":1}""");
        Assert.Equal((503, "application/problem+json"), (publish.Status, publish.ContentType));
        var broadcast = await server.PostAsync("broadcast", """{"channels":["a","h:b"],"content":1}""");
        Assert.Equal(200, broadcast.Status);
        Assert.All(broadcast.Json.GetProperty("results").EnumerateArray(), result => Assert.Equal(503, result.Number("status")));
        Assert.Equal(503, (await server.GetAsync("/api/channels/h:a/history")).Status);
        var ready = await server.GetAsync("/health/ready");
        Assert.Equal(503, ready.Status);
        Assert.Contains("Redis", ready.Json.Text("reason"), StringComparison.Ordinal);
        Assert.Equal(200, (await server.GetAsync("/health/live")).Status);
    }
}
