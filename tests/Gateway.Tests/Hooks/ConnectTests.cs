using System.Net.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Clock;
using Gateway.TestSupport;
using Gateway.Tests.Auth;
using Microsoft.Extensions.DependencyInjection;
using static Gateway.Tests.Sse.Publishing;

namespace Gateway.Tests.Hooks;

/// <summary>The hook <c>connect</c>: the backend decides which clients come in.</summary>
public sealed class ConnectTests
{
    [Fact]
    public async Task The_backend_gets_the_user_the_transport_and_the_address_of_a_connection()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("connect", "Node=edge-1"));
        await using var client = await JsonClient.ConnectAsync(server);
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=a");

        Assert.Equal(["connect", "connect"], backend.Calls.Select(call => call.Text("type")));
        var (first, second) = (backend.Calls[0], backend.Calls[1]);
        Assert.Equal((client.ConnectionId, client.User), (first.Text("connection"), first.Text("user")));
        Assert.Equal(("websocket", "127.0.0.1", "edge-1"), (first.Text("transport"), first.Text("address"), first.Text("node")));
        Assert.Equal((stream.ConnectionId, "sse"), (second.Text("connection"), second.Text("transport")));
        Assert.NotEqual(backend.Requests[0].Id, backend.Requests[1].Id);
    }

    [Theory]
    [InlineData("", 403, "forbidden", "denied by the application")]
    [InlineData(""","message":"banned until monday" """, 403, "forbidden", "banned until monday")]
    [InlineData(""","code":"unauthorized","message":"no such user" """, 401, "unauthorized", "no such user")]
    [InlineData(""","code":"limit_exceeded","message":"one device only" """, 429, "limit_exceeded", "one device only")]
    [InlineData(""","code":"unavailable","message":"maintenance" """, 503, "unavailable", "maintenance")]
    public async Task A_denied_client_gets_the_reason_by_the_status_of_the_answer(string denial, int status, string code, string message)
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("connect"));
        backend.Deny(_ => true, denial);

        var upgrade = await TokenServer.AskAsync(server, "/ws");
        var (streamStatus, streamBody) = await GetAsync(server.PublicPort, "/sse?channel=a");

        Assert.Equal((status, code, message), (upgrade.Status, upgrade.Json("error"), upgrade.Json("message")));
        Assert.Equal(status, (int)streamStatus);
        Assert.Contains(message, streamBody, StringComparison.Ordinal);
        Assert.True(server.Connections.IsEmpty);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_client_that_leaves_while_the_backend_is_asked_leaves_nothing(bool resets)
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await GatewayServer.StartAsync(backend.Settings("connect", "Limits:Connections=1"));
        var answered = new TaskCompletionSource();
        backend.OnCall = async (context, _) =>
        {
            await answered.Task;
            await Backend.AnswerAsync(context, """{"allow":true}""");
        };
        var leaving = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
        await leaving.SendTextAsync(RawWebSocket.UpgradeRequest("/ws"));
        await Eventually.TrueAsync(() => backend.Calls.Count == 1, "the backend is asked");
        if (resets)
            leaving.Reset();
        await leaving.DisposeAsync();

        answered.SetResult();

        await Eventually.TrueAsync(() => server.Services.GetRequiredService<OpenSockets>().Count == 0, "its socket is closed");
        Assert.True(server.Connections.IsEmpty);
        await using var next = await JsonClient.ConnectAsync(server);
        await next.AskAsync("""{"type":"ping"}""", "pong");
    }

    [Fact]
    public async Task A_bad_token_is_refused_without_a_call_of_the_backend()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await TokenServer.StartAsync(backend.Settings("connect"));

        Assert.Equal(401, (await server.AskAsync("/ws?token=nonsense")).Status);
        await using var open = await server.OpenAsync();
        await open.AskAsync("""{"type":"ping"}""", "pong");

        Assert.Empty(backend.Calls);
    }

    [Fact]
    public async Task The_time_to_sign_in_does_not_run_out_during_a_call_of_the_backend()
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await TokenServer.StartAsync(backend.Settings("connect", "Hooks:Timeout=00:01:00"));
        var answer = new TaskCompletionSource();
        backend.OnCall = async (context, _) =>
        {
            await Task.WhenAny(answer.Task, backend.Over);
            await Backend.AnswerAsync(context, """{"allow":true}""");
        };
        await using var client = await server.OpenAsync();
        await client.SendAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann", server.Now.AddHours(1))}}"}""");
        await Eventually.TrueAsync(() => backend.Calls.Count == 1, "the backend is called");

        server.Time.Advance(TimeSpan.FromMinutes(1));
        var clock = server.Server.Services.GetRequiredService<GatewayClock>();
        await Eventually.TrueAsync(() => clock.Now >= 60_000, "the clock has ticked");
        answer.SetResult();

        Assert.Equal("ann", (await client.ReceiveAsync("connected")).Text("user"));
    }

    [Theory]
    [InlineData("", 4003, false)]
    [InlineData(""","code":"unauthorized" """, 4001, false)]
    [InlineData(""","code":"rate_limited" """, 1013, true)]
    [InlineData(""","code":"unavailable" """, 1013, true)]
    public async Task A_denied_sign_in_with_a_first_message_gets_an_error_and_a_close(string denial, int code, bool comesBack)
    {
        await using var backend = await Backend.StartAsync();
        await using var server = await TokenServer.StartAsync(backend.Settings("connect"));
        backend.Deny(call => call.Text("user") == "eve", denial + ""","message":"not you" """);
        await using var ann = await server.OpenAsync();
        await using var eve = await server.OpenAsync();

        await ann.AskAsync($$"""{"type":"auth","token":"{{TokenServer.Key.Token("ann", server.Now.AddHours(1))}}"}""", "connected");
        var error = await eve.AskAsync(
            $$"""{"type":"auth","id":7,"token":"{{TokenServer.Key.Token("eve", server.Now.AddHours(1))}}"}""", "error");
        var message = await eve.ReceiveAsync("disconnect");

        Assert.Equal((7, "not you"), (error.Number("id"), error.Text("message")));
        Assert.Equal(
            (code, "not you", comesBack), (message.Number("code"), message.Text("reason"), message.GetProperty("reconnect").GetBoolean()));
        Assert.Null(await eve.ReceiveTextAsync());
        Assert.Equal((WebSocketCloseStatus)code, eve.Socket.CloseStatus);
    }
}
