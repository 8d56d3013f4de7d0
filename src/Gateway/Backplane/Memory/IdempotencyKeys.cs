using System.Text;
using Gateway.Channels;

namespace Gateway.Backplane.Memory;

/// <summary>Guarded by its shard's lock. Remembers for five minutes which keys were published, and with which result; the oldest are forgotten first when there are too many.</summary>
internal sealed class IdempotencyKeys
{
    private const int MaxKeys = 4096;
    private const long Window = 5 * 60 * 1000;

    private readonly Dictionary<(ChannelName Channel, string Key), PublishResult> _results = [];
    private readonly Queue<(ChannelName Channel, string Key, long Expires)> _order = new();

    public bool TryGet(ChannelName channel, ReadOnlySpan<byte> key, long now, out PublishResult result)
    {
        Forget(now);
        return _results.TryGetValue((channel, Encoding.UTF8.GetString(key)), out result);
    }

    public void Add(ChannelName channel, ReadOnlySpan<byte> key, PublishResult result, long now)
    {
        string text = Encoding.UTF8.GetString(key);
        _results[(channel, text)] = result;
        _order.Enqueue((channel, text, now + Window));
    }

    /// <summary>Drops what is out of its time, or too much.</summary>
    public void Forget(long now)
    {
        while (_order.TryPeek(out var oldest) && (oldest.Expires <= now || _order.Count > MaxKeys))
        {
            _order.Dequeue();
            _results.Remove((oldest.Channel, oldest.Key));
        }
    }
}
