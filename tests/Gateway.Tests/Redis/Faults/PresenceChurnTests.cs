using Gateway.Tests.Sessions;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// Users come and go on three nodes while connections are cut, data are deleted and Redis is started anew, in an order that the seed gives.
/// </summary>
public sealed class PresenceChurnTests
{
    private const string Channel = "room:x";
    private const int Users = 12;
    private const int Faults = 15;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task After_the_last_fault_everybody_learns_who_is_there(int seed)
    {
        var random = new Random(seed);
        await using var redis = await RedisServer.StartAsync();
        await using var proxyA = TcpProxy.Start(redis.Port);
        await using var proxyB = TcpProxy.Start(redis.Port);
        await using var a = await Node.StartAsync(proxyA.Address);
        await using var b = await Node.StartAsync(proxyB.Address);
        await using var c = await Node.StartAsync(redis.Address);
        GatewayServer[] nodes = [a, b, c];
        TcpProxy[] proxies = [proxyA, proxyB];
        var users = new List<User>();
        for (int i = 0; i < Users; i++)
            users.Add(new User($"u{i:00}", await JsonClient.ConnectAsync(nodes[i % 3], $"?user=u{i:00}")));

        using var stop = new CancellationTokenSource();
        // Each at its own pace, so that what waits for Redis keeps up nobody else.
        var churning = Task.WhenAll(users.Select((user, i) => user.ChurnAsync(new Random((seed * 100) + i), stop.Token)));
        for (int fault = 0; fault < Faults; fault++)
        {
            await Task.Delay(random.Next(100, 700), TestContext.Current.CancellationToken);
            switch (random.Next(6))
            {
                case 0:
                    await redis.FlushAllAsync();
                    break;
                case 1:
                    redis.Kill();
                    await Task.Delay(random.Next(400), TestContext.Current.CancellationToken);
                    await redis.RestartAsync(keepData: false);
                    break;
                default:
                    var proxy = proxies[random.Next(2)];
                    proxy.Refuse();
                    proxy.Cut();
                    await Task.Delay(random.Next(400), TestContext.Current.CancellationToken);
                    proxy.Resume();
                    break;
            }
        }
        await stop.CancelAsync();
        await churning;
        // A long fault may have kept everybody out.
        await Task.WhenAll(users.Take(Users / 2).Select(user => user.StayAsync()));

        string[] present = [.. users.Where(user => user.IsPresent).Select(user => user.Name)];
        string all = string.Join(',', present);
        await using var guest = await JsonClient.ConnectAsync(c, "?user=guest");
        await Eventually.TrueAsync(
            async () =>
            {
                var views = users.Where(user => user.IsPresent).Select(user => user.Sees);
                var listed = await guest.AskAnythingAsync($$"""{"type":"presence","channel":"{{Channel}}","id":1}""");
                return views.Append(string.Join(',', listed.Texts("users").Order())).All(view => view == all);
            },
            $"everybody, and Redis, knows of {all}");
        foreach (var user in users)
            await user.Client.DisposeAsync();
    }

    private sealed class User(string name, JsonClient client)
    {
        private readonly Follower _heard = Follower.Start(client);
        private int _requests;

        public string Name => name;

        public JsonClient Client => client;

        public bool IsPresent { get; private set; }

        public string Sees => PresenceView.Of(_heard.Received, Channel).Users;

        public async Task ChurnAsync(Random random, CancellationToken stop)
        {
            while (!stop.IsCancellationRequested)
            {
                await AskAsync(IsPresent ? "unsubscribe" : "subscribe");
                await Task.Delay(random.Next(600), CancellationToken.None);
            }
        }

        public async Task StayAsync()
        {
            for (int attempt = 0; !IsPresent; attempt++)
            {
                Assert.True(attempt < 100, $"{name} may not subscribe");
                await AskAsync("subscribe");
                await Task.Delay(50);
            }
        }

        private async Task AskAsync(string type)
        {
            string id = $"{++_requests}";
            await client.SendAsync($$"""{"type":"{{type}}","channel":"{{Channel}}","id":{{id}}}""");
            await _heard.ReceivesAsync(message => message.Has("id") && message.Raw("id") == id, $"the answer to {type}");
            var answer = _heard.Received.First(message => message.Has("id") && message.Raw("id") == id);
            if (answer.Text("type") != "error")
                IsPresent = type == "subscribe";
        }
    }
}
