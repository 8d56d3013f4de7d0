using Gateway.Tests.Api;
using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Reaching;

/// <summary>Two gateways that reach Redis in the same way, and a run through everything that they use it for. For one test.</summary>
internal sealed class NodePair : IAsyncDisposable
{
    private NodePair(GatewayServer a, GatewayServer b) => (A, B) = (a, b);

    public GatewayServer A { get; }

    public GatewayServer B { get; }

    /// <param name="addresses">Of Redis.</param>
    /// <param name="more">How it is reached.</param>
    public static async Task<NodePair> StartAsync(string addresses, params string[] more)
    {
        var a = await Node.StartAsync(addresses, ["Node=a", "Presence:TimeToLive=00:00:02", .. more]);
        return new NodePair(a, await Node.StartAsync(addresses, ["Node=b", "Presence:TimeToLive=00:00:02", .. more]));
    }

    /// <summary>
    /// Checks publishing with and without history and keys, recovery, history, presence, and questions between the nodes.
    /// </summary>
    /// <param name="round">Of the channels: anew each time.</param>
    public async Task DoEverythingAsync(int round = 0)
    {
        var (plain, log, room) = ($"plain:{round}", $"log:{round}", $"room:{round}");
        await KnowEachOtherAsync();
        await using var ann = await JsonClient.ConnectAsync(A, "?user=ann");
        await using var bob = await JsonClient.ConnectAsync(B, "?user=bob");
        foreach (string channel in new[] { plain, log, room })
            await bob.SubscribeAsync(channel);

        foreach (string channel in new[] { plain, log })
        {
            var last = await ann.PublishManyAsync(channel, 20);
            var received = await bob.ReceiveMessagesAsync(20);
            Assert.Equal(Enumerable.Range(1, 20).Select(i => $"{i}"), received.Select(message => message.Raw("content")));
            if (channel != log)
                continue;
            await using var late = await JsonClient.ConnectAsync(A, "?user=late");
            Assert.True((await late.RecoverAsync(log, last.Text("epoch"), 15)).GetProperty("recovered").GetBoolean());
            Assert.Equal([16, 17, 18, 19, 20], (await late.ReceiveMessagesAsync(5)).Seqs());
        }
        foreach (string channel in new[] { plain, log })
        {
            string message = $$"""{"type":"message","channel":"{{channel}}","content":0,"key":"once","id":1}""";
            string first = (await ann.AskAsync(message, "ack")).GetRawText();
            Assert.Equal(first, (await ann.AskAsync(message, "ack")).GetRawText());
            await ann.PublishManyAsync(channel, 1, first: 21);
            Assert.Equal(["0", "21"], (await bob.ReceiveMessagesAsync(2)).Select(heard => heard.Raw("content")));
        }

        Assert.Equal(2, (await ann.SubscribeAsync(room)).Number("count"));
        await bob.ReceiveUntilAsync(message => message.Has("joined") && message.Texts("joined").Contains("ann"));
        Assert.Equal(1, (await A.PostAsync("disconnect", """{"user":"bob"}""")).Json.Number("connections"));
        await ann.ReceiveUntilAsync(message => message.Has("left") && message.Texts("left").Contains("bob"));
        Assert.Equal(22, (await B.GetAsync($"/api/channels/{log}/history")).Json.GetProperty("messages").GetArrayLength());
    }

    /// <summary>Checks that each node answers the other.</summary>
    private async Task KnowEachOtherAsync()
    {
        foreach (var (asks, answers) in new[] { (A, B), (B, A) })
        {
            await using var client = await JsonClient.ConnectAsync(answers);
            await Eventually.TrueAsync(
                async () => (await asks.GetAsync("/api/connections/" + client.ConnectionId)).Status == 200, "the other node answers");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await A.DisposeAsync();
        await B.DisposeAsync();
    }
}
