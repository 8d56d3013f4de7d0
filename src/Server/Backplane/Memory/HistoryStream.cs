using Gateway.Protocol.Messages;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Memory;

/// <summary>The messages kept of one channel, in a ring, and the channel's position. Guarded by its shard's lock.</summary>
internal sealed class HistoryStream
{
    /// <summary>What a stream and a message cost beside the content, roughly: objects, ring slot, dictionary entry.</summary>
    private const int StreamOverhead = 512;
    private const int MessageOverhead = 128;

    private readonly int _capacity;
    private readonly long _ttl;
    private PublishedMessage[] _ring = [];
    private int _first;
    private int _count;

    /// <param name="channel">The channel.</param>
    /// <param name="epoch">What has been told of it while it was empty.</param>
    /// <param name="now">Unix milliseconds.</param>
    public HistoryStream(ChannelName channel, string epoch, long now)
    {
        Channel = channel;
        Top = new Position(epoch, 0);
        LastUsed = now;
        _capacity = channel.Namespace.Rules.History;
        _ttl = (long)channel.Namespace.Rules.HistoryTtl.TotalMilliseconds;
        Node = new LinkedListNode<HistoryStream>(this);
    }

    public ChannelName Channel { get; }

    /// <summary>The stream's place in its shard, among those with messages or those without.</summary>
    public LinkedListNode<HistoryStream> Node { get; }

    public Position Top { get; private set; }

    /// <summary>Unix milliseconds.</summary>
    public long LastUsed { get; set; }

    /// <summary>Bytes held, overhead included.</summary>
    public long Bytes { get; private set; } = StreamOverhead;

    public long Oldest => Top.Seq - _count + 1;

    public int Count => _count;

    public bool IsEmpty => _count == 0;

    public Position Append(in PublishedMessage message)
    {
        if (_count == _capacity)
            DropOldest();
        if (_count == _ring.Length)
            Grow();
        _ring[(_first + _count++) % _ring.Length] = message;
        Bytes += message.Bytes.Length + MessageOverhead;
        return Top = Top with { Seq = message.Seq };
    }

    public void DropExpired(long now)
    {
        while (_count > 0 && _ring[_first].Time + _ttl <= now)
            DropOldest();
    }

    public void DropOldest()
    {
        Bytes -= _ring[_first].Bytes.Length + MessageOverhead;
        _ring[_first] = default;
        _first = (_first + 1) % _ring.Length;
        if (--_count == 0)
            (_ring, _first) = ([], 0);
    }

    public HistoryPage Read(HistoryQuery query)
    {
        long first, last;
        if (query.After is { } after)
        {
            first = Math.Max(Math.Min(after, Top.Seq) + 1, Oldest);
            last = Top.Seq;
        }
        else
        {
            first = Oldest;
            last = Math.Min(Top.Seq, (query.Before ?? long.MaxValue) - 1);
        }
        return Read(first, last, query);
    }

    private HistoryPage Read(long first, long last, HistoryQuery query)
    {
        bool forward = query.After is not null;
        var messages = new List<PublishedMessage>((int)Math.Clamp(last - first + 1, 0, query.Limit));
        long bytes = 0;
        long seq = forward ? first : last;
        for (; seq >= first && seq <= last && messages.Count < query.Limit; seq += forward ? 1 : -1)
        {
            var message = _ring[(int)((_first + (seq - Oldest)) % _ring.Length)];
            bytes += message.Bytes.Length + MessageOverhead;
            if (bytes > query.MaxBytes && messages.Count > 0)
                break;
            messages.Add(message);
        }
        if (!forward)
            messages.Reverse();
        return new HistoryPage(Top, Oldest, messages, More: seq >= first && seq <= last);
    }

    private void Grow()
    {
        var larger = new PublishedMessage[Math.Min(_capacity, Math.Max(4, 2 * _count))];
        for (int i = 0; i < _count; i++)
            larger[i] = _ring[(_first + i) % _ring.Length];
        (_ring, _first) = (larger, 0);
    }
}
