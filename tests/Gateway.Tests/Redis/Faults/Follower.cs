using System.Text.Json;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>A reader of everything that a client is sent, while the test does something else. Safe for any thread.</summary>
internal sealed class Follower
{
    private readonly List<JsonElement> _received = [];
    private Exception? _end;

    private Follower()
    {
    }

    /// <summary>Starts to read. Nothing else may read from the client from now on.</summary>
    public static Follower Start(JsonClient client)
    {
        var follower = new Follower();
        _ = follower.ReadAsync(client);
        return follower;
    }

    public IReadOnlyList<JsonElement> Received
    {
        get
        {
            lock (_received)
                return [.. _received];
        }
    }

    /// <summary>The received messages of one type.</summary>
    public IReadOnlyList<JsonElement> All(string type) => [.. Received.Where(message => message.Text("type") == type)];

    /// <summary>Waits until a message with this content was received.</summary>
    public Task ReceivesAsync(string content) =>
        ReceivesAsync(message => message.Text("type") == "message" && message.Raw("content") == content, content);

    public Task ReceivesAsync(Func<JsonElement, bool> fits, string what) => Eventually.TrueAsync(
        () => Received.Any(fits) || (Ended is { } end ? throw new InvalidOperationException("The client heard no more.", end) : false),
        $"the client receives {what}");

    private Exception? Ended => Volatile.Read(ref _end);

    private async Task ReadAsync(JsonClient client)
    {
        try
        {
            while (true)
            {
                var message = await client.ReceiveAsync();
                lock (_received)
                    _received.Add(message);
            }
        }
        catch (Exception e)
        {
            // Thrown again where a test waits for more; at a test's end it only says that the client is gone.
            Volatile.Write(ref _end, e);
        }
    }
}
