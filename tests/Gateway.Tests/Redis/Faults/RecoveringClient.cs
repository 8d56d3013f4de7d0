using System.Net.WebSockets;
using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// A client as a client library makes it: at the end of its connection it goes to the next node that takes it, recovers from the last
/// message it saw, and notes every seq. For one thread at a time.
/// </summary>
internal sealed class RecoveringClient(Uri[] nodes, int first, string channel)
{
    private readonly List<long> _seqs = [];
    private int _next = first;
    private string _epoch = "";

    /// <summary>Every seq it received after its first subscription, as it came.</summary>
    public IReadOnlyList<long> Seqs => _seqs;

    /// <summary>The position at which it began.</summary>
    public long Start { get; private set; } = -1;

    /// <summary>Connections it has made.</summary>
    public int Connections { get; private set; }

    /// <summary>Follows the channel until it has seen this seq.</summary>
    public async Task FollowAsync(Func<long> last, TaskCompletionSource subscribed)
    {
        while (Start < 0 || Position < last())
        {
            try
            {
                await using var client = await JsonClient.ConnectAsync(nodes[_next++ % nodes.Length]);
                Connections++;
                await SubscribeAsync(client);
                subscribed.TrySetResult();
                while (Position < last())
                    Take(await client.ReceiveAsync());
            }
            catch (Exception gone) when (gone is WebSocketException or ClosedException)
            {
                // Refused, closed or cut off: the next node may have it.
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(20, 100)));
            }
        }
    }

    private long Position => _seqs.Count > 0 ? _seqs[^1] : Start;

    private async Task SubscribeAsync(JsonClient client)
    {
        string recover = Start < 0 ? "" : $$""","recover":{"epoch":"{{_epoch}}","seq":{{Position}}}""";
        await client.SendAsync($$"""{"type":"subscribe","channel":"{{channel}}"{{recover}}}""");
        var answer = await client.ReceiveAsync();
        if (answer.Text("type") is "disconnect" or "error")
            throw new ClosedException(answer.Text("type"));
        if (Start < 0)
            (_epoch, Start) = (answer.Text("epoch"), answer.Number("seq"));
        else
            Assert.True(answer.GetProperty("recovered").GetBoolean());
    }

    private void Take(JsonElement message)
    {
        switch (message.Text("type"))
        {
            case "message":
                _seqs.Add(message.Number("seq"));
                break;
            case "unsubscribed" or "disconnect":
                throw new ClosedException(message.Text("type"));
        }
    }
}
