using System.Text;
using Gateway.TestSupport;
using Attack = System.Func<int, System.Threading.CancellationToken, System.Threading.Tasks.Task>;

namespace Gateway.Tests.Hostile;

/// <summary>Attacks on a gateway, each over one connection, until the gateway or the test ends it. Stateless.</summary>
internal static class Attackers
{
    /// <summary>All attacks by name, each repeated by the siege. A gateway that hangs up does as it should.</summary>
    public static IReadOnlyDictionary<string, Attack> All { get; } = new Dictionary<string, Attack>
    {
        ["slow-loris upgrade"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(port);
            foreach (char letter in RawWebSocket.UpgradeRequest("/ws", "X: " + new string('y', 5_000)))
            {
                await client.SendTextAsync(letter.ToString());
                await Task.Delay(50, stop);
            }
        },
        ["frames byte by byte"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            foreach (byte one in RawWebSocket.TextFrame(new string('x', 60_000)))
            {
                await client.SendAsync(new[] { one });
                await Task.Delay(20, stop);
            }
        },
        ["endless fragments"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            await client.SendAsync(RawWebSocket.Frame(1, [], fin: false));
            await RepeatAsync(client, RawWebSocket.Frame(0, [], fin: false), stop);
        },
        ["ping flood"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            await RepeatAsync(client, RawWebSocket.Frame(9, new byte[125]), stop);
        },
        ["empty messages"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            await RepeatAsync(client, RawWebSocket.Frame(1, []), stop);
        },
        ["subscribe and unsubscribe"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            for (int i = 0; ; i++)
            {
                stop.ThrowIfCancellationRequested();
                string channel = $"room:{Guid.NewGuid():N}";
                await client.SendMessageAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""");
                if (i % 2 == 0)
                    await client.SendMessageAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""");
                await Task.Delay(10, stop);
            }
        },
        ["JSON bombs"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            await RepeatAsync(client, RawWebSocket.TextFrame(new string('[', 60_000)), stop);
        },
        ["oversized headers"] = async (port, _) =>
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(port);
            await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "X: " + new string('y', 50_000)));
            await client.ReadToEndAsync();
        },
        ["smuggled requests"] = async (port, _) =>
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(port);
            await client.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "Content-Length: 100") + RawWebSocket.UpgradeRequest("/ws"));
            await client.ReadToEndAsync();
        },
        ["never reads"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port, receiveBuffer: 4096);
            await client.SendMessageAsync("""{"type":"subscribe","channel":"busy"}""");
            await Task.Delay(3_000, stop);
        },
        ["never answers pings"] = async (port, _) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            await client.ReadToEndAsync();
        },
        ["close without an answer"] = async (port, stop) =>
        {
            await using var client = await RawWebSocket.ConnectAsync(port);
            await client.SendAsync(new byte[] { 0xFF, 0xFF });
            await Task.Delay(3_000, stop);
        },
        ["resets"] = async (port, stop) =>
        {
            var client = await RawWebSocket.ConnectAsync(port);
            await client.SendMessageAsync("""{"type":"subscribe","channel":"room:reset"}""");
            await Task.Delay(10, stop);
            client.Reset();
        },
        ["a broken HTTP client"] = async (port, _) =>
        {
            await using var client = await RawWebSocket.ConnectTcpAsync(port);
            await client.SendAsync(
                Encoding.Latin1.GetBytes("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFF\r\n"));
            await client.ReadToEndAsync();
        },
    };

    private static async Task RepeatAsync(RawWebSocket client, byte[] frame, CancellationToken stop)
    {
        byte[] many = [.. Enumerable.Repeat(frame, Math.Max(1, 32_000 / frame.Length)).SelectMany(bytes => bytes)];
        while (!stop.IsCancellationRequested)
        {
            await client.SendAsync(many);
            // The attackers share a machine and a thread pool with the well-behaved clients.
            await Task.Delay(1, stop);
        }
    }
}
