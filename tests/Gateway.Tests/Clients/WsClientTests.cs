using Gateway.TestSupport;

namespace Gateway.Tests.Clients;

/// <summary>The npm client <c>ws</c>, which most Node programs use. Each script in <c>Clients/ws</c> says in detail what holds.</summary>
public sealed class WsClientTests
{
    [Fact]
    public async Task A_whole_session_works()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:chat:History=100", "Namespaces:room:Presence=true");
        await NodeScript.PassesAsync("session.mjs", server);
    }

    [Fact]
    public async Task Pings_fragments_and_large_messages_work()
    {
        await using var server = await GatewayServer.StartAsync(
            "Diagnostics:Echo=true", "Limits:MessageBytes=8388608", "Heartbeat:Ping=00:00:00.2");
        await NodeScript.PassesAsync("frames.mjs", server);
    }

    [Fact]
    public async Task The_client_sees_why_it_was_closed_or_refused()
    {
        await using var server = await GatewayServer.StartAsync("Limits:MessageBytes=8388608");
        await NodeScript.PassesAsync("closing.mjs", server);
    }

    [Fact]
    public async Task Compression_works_with_whatever_the_client_asks_for()
    {
        await using var server = await GatewayServer.StartAsync(
            "Diagnostics:Echo=true", "Limits:MessageBytes=8388608", "Namespaces:log:History=100");
        await NodeScript.PassesAsync("compression.mjs", server);
    }

    [Fact]
    public async Task A_stopping_gateway_says_so()
    {
        await using var server = await GatewayServer.StartAsync();
        await using var script = NodeScript.Start("drain.mjs", server);
        await script.SaysAsync("connected");
        await server.StopAsync();
        await script.PassedAsync();
    }
}
