using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Publishes 1, 2, 3 … to a channel at a steady rate, whatever becomes of them, until it is stopped. For one thread.</summary>
internal sealed class Flood : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _publishing;

    private Flood(JsonClient client, string channel, int perSecond) => _publishing = PublishAsync(client, channel, perSecond);

    public static Flood Start(JsonClient client, string channel, int perSecond) => new(client, channel, perSecond);

    private async Task PublishAsync(JsonClient client, string channel, int perSecond)
    {
        var start = TimeProvider.System.GetTimestamp();
        for (int sent = 0; !_stop.IsCancellationRequested;)
        {
            for (int due = (int)(TimeProvider.System.GetElapsedTime(start).TotalSeconds * perSecond); sent < due; sent++)
                await client.PublishAsync(channel, $"{sent + 1}");
            await Task.Delay(2);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _publishing;
        _stop.Dispose();
    }
}
