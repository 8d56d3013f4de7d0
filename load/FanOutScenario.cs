using System.Diagnostics;

namespace Gateway.Load;

/// <summary>One publisher, many subscribers of one channel. Every subscriber must get every message once, in order, and nothing else.</summary>
internal sealed class FanOutScenario : IScenario
{
    public async Task<LoadResult> RunAsync(LoadOptions options, Problems problems, CancellationToken cancellation)
    {
        string channel = $"{options.Namespace}:{Guid.NewGuid():N}";
        using var publisher = await Client.ConnectAsync(options.PublishUrl, cancellation);
        var subscribers = await Client.ConnectAllAsync(options.Url, options.Connections, cancellation);
        try
        {
            await Task.WhenAll(subscribers.Select(subscriber => SubscribeAsync(subscriber, channel, cancellation)));
            using var window = new PublishWindow(options.InFlight, options.Messages, subscribers.Length);
            using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            long start = Stopwatch.GetTimestamp();
            var receiving = subscribers
                .Select((subscriber, i) => new FanOutSubscriber(subscriber, i, window, problems).ReceiveAsync(options.Messages, failed))
                .ToArray();
            var acknowledged = WatchAcksAsync(publisher, options.Messages, problems, failed);
            await PublishAsync(publisher, channel, options, window, problems, failed);
            var latencies = Latencies.Join(await Task.WhenAll(receiving));
            await acknowledged;
            var elapsed = Stopwatch.GetElapsedTime(start);
            await Task.WhenAll(subscribers.Append(publisher).Select(client => client.CloseAsync(cancellation)));
            return new LoadResult(1 + subscribers.Length, latencies.Count, elapsed, latencies);
        }
        finally
        {
            foreach (var subscriber in subscribers)
                subscriber.Dispose();
        }
    }

    private static async Task SubscribeAsync(Client subscriber, string channel, CancellationToken cancellation)
    {
        await subscriber.SendAsync($$"""{"type":"subscribe","channel":"{{channel}}"}""", cancellation);
        while (ServerMessage.Read(await subscriber.ReceiveAsync(cancellation)).Type != "subscribed")
        {
        }
    }

    private static async Task PublishAsync(
        Client publisher, string channel, LoadOptions options, PublishWindow window, Problems problems, CancellationTokenSource failed)
    {
        string padding = new('a', options.Bytes);
        try
        {
            for (int n = 0; n < options.Messages; n++)
            {
                await window.EnterAsync(failed.Token);
                string content = $$"""{"n":{{n}},"at":{{Stopwatch.GetTimestamp()}},"pad":"{{padding}}"}""";
                await publisher.SendAsync($$"""{"type":"message","channel":"{{channel}}","id":{{n}},"content":{{content}}}""", failed.Token);
            }
        }
        catch (OperationCanceledException)
        {
            problems.Add("publisher: stopped, because messages were missing");
        }
        catch (LoadException failure)
        {
            problems.Add($"publisher: {failure.Message}");
            await failed.CancelAsync();
        }
    }

    private static async Task WatchAcksAsync(Client publisher, int messages, Problems problems, CancellationTokenSource failed)
    {
        int acks = 0;
        try
        {
            while (acks < messages)
            {
                if (ServerMessage.Read(await publisher.ReceiveAsync(failed.Token)).Type == "ack")
                    acks++;
            }
        }
        catch (OperationCanceledException)
        {
            problems.Add($"publisher: {acks} of {messages} messages acknowledged");
        }
        catch (LoadException failure)
        {
            problems.Add($"publisher: {failure.Message}");
            await failed.CancelAsync();
        }
    }
}
