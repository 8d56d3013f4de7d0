using System.Net.WebSockets;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

public sealed class RollingRestartTests
{
    private const string Channel = "log:x";
    private const int Clients = 20;

    [Fact]
    public async Task Two_nodes_restarted_one_after_the_other_under_load_lose_no_message_of_anybody()
    {
        await using var redis = await RedisServer.StartAsync();
        string[][] settings = [Settings(redis), Settings(redis)];
        GatewayProcess[] nodes = [await GatewayProcess.StartAsync(settings[0]), await GatewayProcess.StartAsync(settings[1])];
        try
        {
            Uri[] addresses = [.. nodes.Select(node => node.WebSocketUri)];
            long last = long.MaxValue;
            RecoveringClient[] clients = [.. Enumerable.Range(0, Clients).Select(i => new RecoveringClient(addresses, i, Channel))];
            var subscribed = clients.Select(_ => new TaskCompletionSource()).ToArray();
            var following = clients.Zip(subscribed).Select(
                pair => pair.First.FollowAsync(() => Volatile.Read(ref last), pair.Second)).ToArray();
            // A failure of one task ends the waiting too.
            await Task.WhenAll(following.Zip(subscribed).Select(pair => Task.WhenAny(pair.First, pair.Second.Task).Unwrap()));
            using var stop = new CancellationTokenSource();
            var publishing = PublishAsync(addresses, stop.Token);

            for (int i = 0; i < nodes.Length; i++)
            {
                nodes[i].Terminate();
                Assert.Equal(0, await nodes[i].ExitAsync());
                await nodes[i].DisposeAsync();
                nodes[i] = await GatewayProcess.StartAsync(settings[i]);
            }

            await stop.CancelAsync();
            Volatile.Write(ref last, await publishing);
            // One more, for those who wait for a message to find that they have seen the last.
            await using var closing = await JsonClient.ConnectAsync(nodes[0].WebSocketUri);
            await closing.PublishManyAsync(Channel, 1);
            await Task.WhenAll(following);
            Assert.All(clients, client => Assert.True(client.Connections > 1));
            foreach (var client in clients)
                Assert.Equal(Enumerable.Range(1, client.Seqs.Count).Select(i => client.Start + i), client.Seqs);
        }
        finally
        {
            foreach (var node in nodes)
                await node.DisposeAsync();
        }
    }

    private static string[] Settings(RedisServer redis) =>
        Node.Settings(redis.Address, $"Public=http://127.0.0.1:{LoopbackPorts.Next()}", "Drain:Duration=00:00:01");

    /// <summary>
    /// Publishes until told to stop, each message with a key, so that it may be sent again where its answer was lost with the connection.
    /// </summary>
    /// <returns>The last seq.</returns>
    private static async Task<long> PublishAsync(Uri[] nodes, CancellationToken stop)
    {
        long seq = 0;
        int next = 0, key = 0;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await using var client = await JsonClient.ConnectAsync(nodes[next++ % nodes.Length]);
                while (!stop.IsCancellationRequested)
                {
                    await client.PublishAsync(Channel, $"{key}", $",\"id\":1,\"key\":\"{key}\"");
                    var answer = await client.ReceiveAsync();
                    if (answer.Text("type") != "ack")
                        break;
                    seq = answer.Number("seq");
                    key++;
                }
            }
            catch (Exception gone) when (gone is WebSocketException or ClosedException)
            {
                // The other node takes over.
            }
        }
        return seq;
    }
}
