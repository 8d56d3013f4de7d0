using Gateway.TestSupport;

namespace Gateway.Client.Tests;

/// <summary>Messages without echo in a channel with history: their positions are no gaps.</summary>
public sealed class EchoTests
{
    private static readonly PublishOptions Silent = new() { Echo = false };

    private int _asked;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Among_the_messages_of_others_they_cost_no_recovery_and_do_not_come_back(bool overRedis)
    {
        const int Count = 500;
        await using var redis = overRedis ? await RedisServer.StartAsync() : null;
        string[] backplane = redis is null ? [] : ["Redis:Addresses=" + redis.Address];
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, .. backplane]);
        await using var ann = Clients.To(server);
        await using var bob = Clients.To(server);
        await using var log = ann.Subscribe<int>("log:1", Counted(buffer: 2 * Count));
        await log.Started.WaitAsync(Clients.Deadline);
        // Redis may not have been there at once.
        int asked = _asked;

        var own = Enumerable.Range(1, Count).Select(number => ann.PublishAsync("log:1", -number, Silent, Clients.Deadline)).ToList();
        for (int number = 1; number <= Count; number++)
            await bob.PublishAsync("log:1", number, cancellationToken: Clients.Deadline);
        await Task.WhenAll(own);
        var last = await bob.PublishAsync("log:1", Count + 1, cancellationToken: Clients.Deadline);

        Assert.Equal(Enumerable.Range(1, Count + 1), await log.TakeAsync(Count + 1));
        Assert.Equal((2 * Count) + 1, last!.Value.Seq);
        Assert.Equal(asked, _asked);
    }

    [Fact]
    public async Task They_do_not_come_back_with_what_a_full_buffer_did_not_take()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var ann = Clients.To(server);
        await using var bob = Clients.To(server);
        await using var log = ann.Subscribe<int>("log:1", new SubscribeOptions { Buffer = 4 });
        await log.Started.WaitAsync(Clients.Deadline);

        for (int number = 1; number <= 50; number++)
        {
            await bob.PublishAsync("log:1", number, cancellationToken: Clients.Deadline);
            await ann.PublishAsync("log:1", -number, Silent, Clients.Deadline);
        }

        Assert.Equal(Enumerable.Range(1, 50), await log.TakeAsync(50));
    }

    [Fact]
    public async Task They_do_not_come_back_after_a_lost_connection()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var proxy = TcpProxy.Start(server.PublicPort);
        await using var ann = Clients.To(proxy.Port);
        await using var bob = Clients.To(server);
        await using var log = ann.Subscribe<int>("log:1");
        await log.Started.WaitAsync(Clients.Deadline);

        await bob.PublishAsync("log:1", 1, cancellationToken: Clients.Deadline);
        await ann.PublishAsync("log:1", -1, Silent, Clients.Deadline);
        var away = ann.NextAsync(ConnectionState.Waiting);
        proxy.Cut();
        await away;
        await bob.PublishAsync("log:1", 2, cancellationToken: Clients.Deadline);

        Assert.Equal([1, 2], await log.TakeAsync(2));
    }

    [Fact]
    public async Task A_message_of_others_that_is_lost_among_them_is_recovered()
    {
        const int Count = 100;
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        await using var link = new LossyLink(server.PublicPort, "\"content\":50,");
        await using var ann = Clients.To(link.Port);
        await using var bob = Clients.To(server);
        await using var log = ann.Subscribe<int>("log:1", Counted(buffer: 2 * Count));
        await log.Started.WaitAsync(Clients.Deadline);

        for (int number = 1; number <= Count; number++)
        {
            var silent = ann.PublishAsync("log:1", -number, Silent, Clients.Deadline);
            await bob.PublishAsync("log:1", number, cancellationToken: Clients.Deadline);
            await silent;
        }

        Assert.Equal(Enumerable.Range(1, Count), await log.TakeAsync(Count));
        Assert.Equal((1, 2), (link.Losses, _asked));
    }

    /// <summary>Counts the requests to subscribe, by the token that each of them fetches.</summary>
    private SubscribeOptions Counted(int buffer) => new()
    {
        Buffer = buffer,
        Token = _ =>
        {
            Interlocked.Increment(ref _asked);
            return new("token");
        },
    };
}
