using System.Diagnostics;

namespace Gateway.Load;

/// <summary>Connections that say nothing for a while, but answer pings. None may be closed, and at the end each must still be answered.</summary>
internal sealed class IdleScenario : IScenario
{
    public async Task<LoadResult> RunAsync(LoadOptions options, Problems problems, CancellationToken cancellation)
    {
        var clients = await Client.ConnectAllAsync(options.Url, options.Connections, cancellation);
        try
        {
            // Reading is what answers the gateway's pings, and where an early close shows.
            var pinging = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var running = clients.Select((client, i) => HoldAsync(client, i, pinging.Task, problems, cancellation)).ToArray();
            await Task.Delay(options.Duration, cancellation);
            long start = Stopwatch.GetTimestamp();
            pinging.SetResult();
            var latencies = Latencies.Join(await Task.WhenAll(running));
            var elapsed = Stopwatch.GetElapsedTime(start);
            await Task.WhenAll(clients.Select(client => client.CloseAsync(cancellation)));
            return new LoadResult(clients.Length, latencies.Count, elapsed, latencies);
        }
        finally
        {
            foreach (var client in clients)
                client.Dispose();
        }
    }

    private static async Task<Latencies> HoldAsync(Client client, int number, Task pinging, Problems problems, CancellationToken cancellation)
    {
        var latencies = new Latencies();
        try
        {
            await ExpectAsync(client, "connected", cancellation);
            var answer = ExpectAsync(client, "pong", cancellation);
            if (await Task.WhenAny(answer, pinging) == answer)
                await answer;
            long at = Stopwatch.GetTimestamp();
            await client.SendAsync("""{"type":"ping"}""", cancellation);
            await answer;
            latencies.AddSince(at);
        }
        catch (LoadException failure)
        {
            problems.Add($"connection {number}: {failure.Message}");
        }
        return latencies;
    }

    private static async Task ExpectAsync(Client client, string type, CancellationToken cancellation)
    {
        string got = ServerMessage.Read(await client.ReceiveAsync(cancellation)).Type;
        if (got != type)
            throw new LoadException($"got {got} where {type} was due");
    }
}
