using System.Buffers;
using System.Collections.Concurrent;
using Gateway.Options;

namespace Gateway.Channels;

/// <summary>Safe for any thread. Sends gathered presence changes of all channels, at most every 200 ms per channel (protocol, Presence), from one timer that runs only while there are any.</summary>
internal sealed class PresenceGatherer : IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentQueue<Channel> _changed = new();
    private readonly ITimer _timer;
    private readonly int _maxUsers;
    private int _armed;

    public PresenceGatherer(GatewayOptions options, TimeProvider time)
    {
        _maxUsers = options.Presence.MaxUsers;
        _timer = time.CreateTimer(_ => Send(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Notes that a channel has its first change since it was last sent.</summary>
    public void Add(Channel channel)
    {
        _changed.Enqueue(channel);
        if (Interlocked.Exchange(ref _armed, 1) == 0)
            _timer.Change(Period, Timeout.InfiniteTimeSpan);
    }

    private void Send()
    {
        // Disarmed first: a channel added from here on arms the timer again, even if this round sends it too.
        Volatile.Write(ref _armed, 0);
        var message = new ArrayBufferWriter<byte>();
        for (int left = _changed.Count; left > 0 && _changed.TryDequeue(out var channel); left--)
        {
            message.ResetWrittenCount();
            long version = channel.Presence!.Take(channel.Name, _maxUsers, message);
            channel.AppendPresence(message.WrittenSpan, version);
        }
    }

    public void Dispose() => _timer.Dispose();
}
