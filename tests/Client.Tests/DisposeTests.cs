using System.Runtime.CompilerServices;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Client.Tests;

/// <summary>The end of a client: all waiting calls end, and nothing is left behind.</summary>
public sealed class DisposeTests
{
    [Fact]
    public async Task Whoever_waits_is_told()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        var client = Clients.To(proxy.Port);
        var news = client.Subscribe<int>("news");
        await news.Started.WaitAsync(Clients.Deadline);
        var reading = news.TakeAsync(1);
        proxy.Delay(TimeSpan.FromMinutes(1));
        var publishing = client.PublishAsync("news", 1, cancellationToken: Clients.Deadline);

        await client.DisposeAsync();

        Assert.Empty(await reading);
        Assert.Equal(GatewayErrorCode.Closed, (await Assert.ThrowsAsync<GatewayException>(() => publishing)).Code);
        Assert.Equal(GatewayErrorCode.Closed, (await Assert.ThrowsAsync<GatewayException>(() => client.PublishAsync("news", 2))).Code);
        Assert.Empty(await client.Subscribe<int>("other").TakeAsync(1));
        await client.Completion;
        await client.DisposeAsync();
        Assert.Equal(ConnectionState.Closed, client.State);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Nothing_is_left_of_it(bool connected)
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        var time = new ManualTime();
        await using var proxy = TcpProxy.Start(server.PublicPort);
        if (!connected)
            proxy.Refuse();
        await using var observer = Clients.To(server);

        var left = await UseAsync(proxy.Port, time, connected ? ConnectionState.Connected : ConnectionState.Waiting);

        Assert.Equal(0, time.Timers(TimeSpan.FromDays(1000)));
        await Eventually.TrueAsync(async () => (await observer.GetPresenceAsync("room:1")).Count == 0, "the gateway has seen it leave");
        await Eventually.TrueAsync(
            () =>
            {
                GC.Collect();
                GC.WaitForPendingFinalizers();
                return !left.IsAlive;
            },
            "no task, timer or thread holds the client");
    }

    [Fact]
    public async Task A_client_of_a_container_connects_with_its_first_use_and_ends_with_the_container()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        var services = new ServiceCollection().AddGatewayClient(new GatewayClientOptions { Url = server.WebSocketUri });
        GatewayClient client;
        await using (var provider = services.BuildServiceProvider())
        {
            client = provider.GetRequiredService<GatewayClient>();
            Assert.Equal(ConnectionState.Idle, client.State);
            await client.PublishAsync("news", 1, cancellationToken: Clients.Deadline);
        }

        Assert.Equal(ConnectionState.Closed, client.State);
    }

    /// <summary>Makes the client in a method of its own, because a local of the test would keep the client alive.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static async Task<WeakReference> UseAsync(int port, ManualTime time, ConnectionState until)
    {
        var client = new GatewayClient(new GatewayClientOptions { Url = Clients.Url(port), Time = time });
        var room = client.Subscribe<int>("room:1");
        await Eventually.TrueAsync(() => client.State == until, $"the client is {until}");
        if (until == ConnectionState.Connected)
        {
            await room.Started.WaitAsync(Clients.Deadline);
            await client.PublishAsync("room:1", 1);
            await room.TakeAsync(1);
        }
        await client.DisposeAsync();
        return new WeakReference(client);
    }
}
