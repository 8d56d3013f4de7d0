using System.Diagnostics;
using System.Text;

namespace Gateway.Load;

/// <summary>Every connection sends its messages one after the other to <c>/echo</c>; each must come back as it was before the next goes out.</summary>
internal sealed class EchoScenario : IScenario
{
    public async Task<LoadResult> RunAsync(LoadOptions options, Problems problems, CancellationToken cancellation)
    {
        var clients = await Client.ConnectAllAsync(options.Url, options.Connections, cancellation);
        try
        {
            long start = Stopwatch.GetTimestamp();
            var latencies = await Task.WhenAll(clients.Select((client, i) => EchoAsync(client, i, options, problems, cancellation)));
            var elapsed = Stopwatch.GetElapsedTime(start);
            await Task.WhenAll(clients.Select(client => client.CloseAsync(cancellation)));
            var all = Latencies.Join(latencies);
            return new LoadResult(clients.Length, all.Count, elapsed, all);
        }
        finally
        {
            foreach (var client in clients)
                client.Dispose();
        }
    }

    private static async Task<Latencies> EchoAsync(Client client, int number, LoadOptions options, Problems problems, CancellationToken cancellation)
    {
        var latencies = new Latencies();
        string padding = new('a', options.Bytes);
        try
        {
            for (int i = 0; i < options.Messages; i++)
            {
                byte[] sent = Encoding.UTF8.GetBytes($"{number}/{i} {padding}");
                long at = Stopwatch.GetTimestamp();
                await client.SendAsync(sent, cancellation);
                var received = await client.ReceiveAsync(cancellation);
                latencies.AddSince(at);
                if (!received.Span.SequenceEqual(sent))
                    throw new LoadException($"message {i} came back different");
            }
        }
        catch (LoadException failure)
        {
            problems.Add($"connection {number}: {failure.Message}");
        }
        return latencies;
    }
}
