namespace Gateway.Load;

/// <summary>Used by one thread at a time. One subscriber's view of a fan-out.</summary>
internal sealed class FanOutSubscriber(Client client, int number, PublishWindow window, Problems problems)
{
    private readonly Latencies _latencies = new();

    /// <summary>Receives all messages and checks them; the first problem ends the run for all.</summary>
    public async Task<Latencies> ReceiveAsync(int messages, CancellationTokenSource failed)
    {
        int next = 0;
        try
        {
            for (; next < messages; next++)
            {
                var message = ServerMessage.Read(await client.ReceiveAsync(failed.Token));
                _latencies.AddSince(message.SentAt);
                if (message.Number != next)
                    throw new LoadException($"got {Describe(message)} where message {next} was due");
                window.Arrived(next);
            }
            await ExpectNothingElseAsync(failed.Token);
        }
        catch (OperationCanceledException)
        {
            problems.Add($"subscriber {number}: {next} of {messages} messages arrived");
        }
        catch (LoadException failure)
        {
            problems.Add($"subscriber {number}: {failure.Message}");
            await failed.CancelAsync();
        }
        return _latencies;
    }

    /// <summary>What is sent to a connection arrives in order, so that a message sent twice would come before the pong.</summary>
    private async Task ExpectNothingElseAsync(CancellationToken cancellation)
    {
        await client.SendAsync("""{"type":"ping"}""", cancellation);
        var message = ServerMessage.Read(await client.ReceiveAsync(cancellation));
        if (message.Type != "pong")
            throw new LoadException($"got {Describe(message)} after the last message");
    }

    private static string Describe(ServerMessage message) => message.Number < 0 ? message.Type : $"message {message.Number}";
}
