using System.Collections.Concurrent;
using System.Diagnostics;
using Gateway.Tests.Api;
using Gateway.Tests.Redis;
using Gateway.TestSupport;

namespace Gateway.Tests.Diagnostics;

public sealed class TracingTests : IDisposable
{
    private const string Caller = "00f067aa0ba902b7";

    private readonly string _trace = ActivityTraceId.CreateRandom().ToHexString();
    private readonly ConcurrentQueue<Activity> _ended = new();
    private readonly ActivityListener _listener;

    public TracingTests()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == "Gateway",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            // Other tests of this process make activities too.
            ActivityStopped = activity =>
            {
                if (activity.TraceId.ToHexString() == _trace)
                    _ended.Enqueue(activity);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    [Fact]
    public async Task A_publish_is_followed_from_the_caller_to_the_fan_out()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(server);
        await subscriber.SubscribeAsync("a");

        await PublishAsync(server, "publish", """{"channel":"a","content":1}""");
        await EndedAsync(3);

        var request = Single("publish");
        Assert.Equal((Caller, ActivityKind.Server), (request.ParentSpanId.ToHexString(), request.Kind));
        Assert.Equal(request.SpanId, Single("backplane").ParentSpanId);
        Assert.Equal(Single("backplane").SpanId, Single("fan-out").ParentSpanId);
        Assert.Equal("a", Single("fan-out").GetTagItem("gateway.channel"));
    }

    [Fact]
    public async Task Messages_of_one_request_stand_side_by_side()
    {
        await using var server = await GatewayServer.StartAsync();
        await PublishAsync(server, "broadcast", """{"channels":["a","b","c"],"content":1}""");
        await EndedAsync(4);
        Assert.Equal(
            3, _ended.Count(activity => activity.OperationName == "backplane" && activity.ParentSpanId == Single("broadcast").SpanId));
    }

    [Fact]
    public async Task A_trace_goes_on_on_other_nodes()
    {
        await using var nodes = await TwoNodes.StartAsync();
        await using var subscriber = await JsonClient.ConnectAsync(nodes.B);
        await subscriber.SubscribeAsync("h:a");

        await PublishAsync(nodes.A, "publish", """{"channel":"h:a","content":"é"}""");
        Assert.Equal("é", (await subscriber.ReceiveAsync("message")).Text("content"));
        await EndedAsync(3);

        Assert.Equal(Single("backplane").SpanId, Single("fan-out").ParentSpanId);
        Assert.Equal("é", (await nodes.B.GetAsync("/api/channels/h:a/history")).Json.GetProperty("messages")[0].Text("content"));
    }

    private Activity Single(string name) => _ended.Single(activity => activity.OperationName == name);

    private async Task PublishAsync(GatewayServer server, string command, string json) =>
        Assert.Equal(200, (await server.PostAsync(command, json, ("traceparent", $"00-{_trace}-{Caller}-01"))).Status);

    private Task EndedAsync(int count) => Eventually.TrueAsync(() => _ended.Count == count, $"{count} activities have ended");

    public void Dispose() => _listener.Dispose();
}
