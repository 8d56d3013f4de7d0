using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The messages of one channel on their way from Redis to the sink. Where the channel has history, they are delivered once and in order:
/// this type knows the position up to which they were, and holds back what pub/sub brings during a catch-up. Used by the channel's
/// <see cref="RedisChannelReader"/>, under its lock.
/// </summary>
/// <remarks>
/// A position alone does not prove that nothing was lost: a Redis that lost its last writes gives their positions again. So the type also
/// keeps a mark of the last message it delivered, and compares that with the stream's entry at its position whenever the two may differ.
/// </remarks>
internal sealed class ChannelDelivery(ChannelName channel, IBackplaneSink sink, BackplaneMetrics metrics)
{
    /// <summary>Messages held during a catch-up. Those beyond are read from the stream instead.</summary>
    private const int MaxHeld = 1024;

    private static readonly HistoryQuery PageAfter = new(null, null, 256, 256 * 1024);

    private Queue<byte[]>? _held;
    private Position? _position;
    private Utf8Text _sender;

    /// <summary>The mark of the message at the position; 0 while it is not known.</summary>
    private int _mark;

    /// <summary>The seq at which the last catch-up ended. What pub/sub brings late from before proves nothing.</summary>
    private long _caughtUpTo;

    private bool _overflowed;

    /// <summary>The last message that was delivered; null before the channel's position is known.</summary>
    public Position? Position => _position;

    /// <summary>The part of the stream that a catch-up has to read next.</summary>
    /// <param name="isFirst">Whether the page is the catch-up's first, which begins with the message that was delivered last.</param>
    public HistoryQuery NextPage(bool isFirst) => _position is not { Seq: var seq }
        ? HistoryQuery.PositionOnly : PageAfter with { After = isFirst ? seq - 1 : seq };

    /// <summary>Forgets what was held: a new subscription begins.</summary>
    public void Restart()
    {
        _overflowed = false;
        _held = null;
    }

    /// <summary>Forgets the position as well: the channel is left.</summary>
    public void Clear()
    {
        Restart();
        _position = null;
    }

    /// <summary>Gives up the position and tells the subscribers, who have to start over.</summary>
    public void Lose(Position? next)
    {
        (_position, _mark) = (next, 0);
        sink.OnLost(channel);
    }

    /// <summary>Delivers messages of a channel without history.</summary>
    public void DeliverUnpositioned(MessageRecords records)
    {
        foreach (var body in records)
            Deliver(0, body);
    }

    /// <summary>Delivers messages that follow the position.</summary>
    /// <returns>
    /// False when something between them and the position is missing, or their epoch's beginning is, or their positions were given to other
    /// messages before.
    /// </returns>
    public bool TryDeliver(in Envelope envelope)
    {
        var position = _position!.Value;
        if (!IsCurrent(envelope.Epoch, position.Epoch) || envelope.Seq > position.Seq + 1)
            return false;
        if (envelope.Seq <= position.Seq && !WasDelivered(envelope, position.Seq))
            return false;
        long seq = envelope.Seq;
        foreach (var body in envelope.Records)
        {
            if (seq > position.Seq)
                Deliver(seq, body);
            seq++;
        }
        return true;
    }

    /// <summary>Keeps messages until the catch-up has reached them.</summary>
    public void Hold(ReadOnlySpan<byte> bytes)
    {
        _held ??= new Queue<byte[]>();
        if (_held.Count < MaxHeld)
            _held.Enqueue(bytes.ToArray());
        else
            _overflowed = true;
    }

    /// <summary>A message could not be held or read: the stream is read once more.</summary>
    public void Miss() => _overflowed = true;

    /// <summary>Whether the stream's epoch is that of the position, and yet the stream is not what was delivered.</summary>
    public bool IsGivenTwice(StoredPage page)
    {
        if (_position is not { } position || page.Top.Epoch != position.Epoch)
            return false;
        if (page.Top.Seq < position.Seq)
            return true;
        return page.Entries.Count > 0 && page.Entries[0].Seq == position.Seq && _mark != 0 && _mark != Mark(page.Entries[0].Body);
    }

    /// <summary>Delivers a page of the stream, or tells the subscribers that what lies before it is lost.</summary>
    public void Deliver(StoredPage page)
    {
        if (_position is not { } position)
        {
            (_position, _mark) = (page.Top, 0);
            return;
        }
        if (page.Top.Epoch != position.Epoch || page.Oldest > position.Seq + 1)
        {
            Lose(page.Top);
            return;
        }
        foreach (var (seq, body) in page.Entries)
        {
            if (seq > position.Seq)
                Deliver(seq, body);
        }
        if (_position.Value.Seq > position.Seq)
            metrics.GapFilled();
    }

    /// <summary>Delivers what was held during the catch-up.</summary>
    /// <returns>False when the stream must be read again first.</returns>
    public bool TryRelease()
    {
        _caughtUpTo = _position!.Value.Seq;
        while (_held is not null && _held.TryDequeue(out byte[]? bytes))
        {
            // A message of another epoch is older or newer than the page. Reading once more shows which, and covers it if it is newer.
            if (Envelope.TryRead(bytes, out var envelope) && !TryDeliver(envelope))
                return false;
        }
        bool isComplete = !_overflowed;
        _overflowed = false;
        return isComplete;
    }

    /// <summary>Whether what an envelope says of positions up to this one is what was delivered there.</summary>
    private bool WasDelivered(in Envelope envelope, long position)
    {
        long seq = envelope.Seq;
        foreach (var body in envelope.Records)
        {
            if (seq++ == position)
                return _mark == 0 || _mark == Mark(body);
        }
        return seq <= position && seq - 1 <= _caughtUpTo;
    }

    private void Deliver(long seq, ReadOnlySpan<byte> bytes)
    {
        if (seq != 0)
        {
            _position = _position!.Value with { Seq = seq };
            _mark = Mark(bytes);
        }
        var body = MessageBody.Read(bytes);
        _sender = body.SenderText(_sender);
        sink.OnPublication(channel, new Publication
        {
            Payload = body.Payload,
            Sender = _sender,
            Epoch = seq == 0 ? null : _position!.Value.Epoch,
            Seq = seq,
            Time = body.Time,
            Except = body.Except,
            Trace = body.Trace,
        });
    }

    /// <summary>Tells messages apart by the checksum they carry. Never 0.</summary>
    private static int Mark(ReadOnlySpan<byte> body) => (int)MessageBody.ChecksumOf(body) | 1;

    private static bool IsCurrent(ReadOnlySpan<byte> utf8, string epoch)
    {
        Span<byte> bytes = stackalloc byte[256];
        return Encoding.UTF8.TryGetBytes(epoch, bytes, out int length) && utf8.SequenceEqual(bytes[..length]);
    }
}
