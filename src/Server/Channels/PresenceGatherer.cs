using System.Collections.Concurrent;
using Gateway.Server.Backplane;
using Gateway.Server.Options;

namespace Gateway.Server.Channels;

/// <summary>
/// Gives channels their turn to send gathered presence changes, at most every 200 ms each (protocol, Presence), from one timer that runs
/// only while there are any; and reads the snapshots for those who missed changes. Safe for any thread.
/// </summary>
internal sealed class PresenceGatherer : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    /// <summary>Between two attempts to read a snapshot; doubled with each, up to one for which ten seconds have room.</summary>
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LastRetry = TimeSpan.FromSeconds(4);

    private readonly ConcurrentQueue<Channel> _changed = new();
    private readonly Lock _sending = new();
    private readonly IBackplane _backplane;
    private readonly TimeProvider _time;
    private readonly ITimer _timer;
    private readonly int _maxUsers;
    private int _armed;
    private volatile bool _disposed;

    public PresenceGatherer(GatewayOptions options, TimeProvider time, IBackplane backplane)
    {
        _backplane = backplane;
        _maxUsers = options.Presence.MaxUsers;
        _time = time;
        _timer = time.CreateTimer(_ => Send(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Queues a channel that is not queued. May be called under its lock.</summary>
    public void Add(Channel channel)
    {
        _changed.Enqueue(channel);
        if (Interlocked.Exchange(ref _armed, 1) == 0)
            _timer.Change(Period, Timeout.InfiniteTimeSpan);
    }

    private void Send()
    {
        // A round that takes longer than the period must be over before the next: a channel's changes keep their order.
        lock (_sending)
        {
            // Disarmed first: a channel added from here on arms the timer again, even if this round sends it too.
            Volatile.Write(ref _armed, 0);
            long now = _time.GetUtcNow().ToUnixTimeMilliseconds();
            for (int left = _changed.Count; left > 0 && _changed.TryDequeue(out var channel); left--)
            {
                var next = channel.SendPresence(_maxUsers, now);
                if (next == PresenceTurn.Again)
                    Add(channel);
                else if (next == PresenceTurn.Snapshot)
                    _ = RestoreAsync(channel);
            }
        }
    }

    /// <summary>Goes on until there is a snapshot, or nobody to send it to. The backplane bounds how many are read at a time.</summary>
    private async Task RestoreAsync(Channel channel)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var retry = FirstRetry;
        // Read without its lock: a channel that has just been let go of costs one snapshot that nobody is sent.
        while (channel.Holders > 0 && !_disposed)
        {
            int generation = channel.PresenceGeneration;
            if (await _backplane.RepairPresenceAsync(channel.Name, _maxUsers).ConfigureAwait(false) is { } snapshot)
            {
                if (channel.TryRestorePresence(snapshot, generation))
                    return;
                // Lost again while it was read: nothing says that it would be lost once more.
                retry = FirstRetry;
            }
            await Task.Delay(retry, _time).ConfigureAwait(false);
            retry = retry * 2 > LastRetry ? LastRetry : retry * 2;
        }
    }

    public void Dispose()
    {
        _disposed = true;
        _timer.Dispose();
    }
}
