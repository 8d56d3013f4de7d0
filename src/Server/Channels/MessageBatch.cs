using System.Buffers;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;
using Microsoft.Extensions.ObjectPool;

namespace Gateway.Server.Channels;

/// <summary>
/// Consecutive messages of one channel on their way to its subscribers, encoded once for each encoding that one of them has. Written under
/// the channel's lock until the fan-out takes it, then used by the fan-out alone.
/// </summary>
/// <remarks>
/// Which encodings are needed is known when the batch begins, for whoever subscribes later starts with a later batch. Where it is one,
/// messages are encoded as they come, into the frames that are sent. Where there are several, messages are logged, and the fan-out makes an
/// encoding's frames when it meets the first subscriber that needs them. A subscriber that left meanwhile may so have its frames made for
/// nobody, or none made. Encodings with the same <see cref="FrameEncoding.Source"/> count as one there: the fan-out makes their frames from
/// that one's.
/// </remarks>
internal sealed class MessageBatch
{
    /// <summary>
    /// What a message is taken to need beside its payload and its sender: the words of any encoding, the position and the time.
    /// </summary>
    private const int MessageOverhead = 96;

    private static readonly ObjectPool<MessageBatch> Pool =
        new DefaultObjectPool<MessageBatch>(new DefaultPooledObjectPolicy<MessageBatch>(), maximumRetained: 1024);

    private readonly List<(FrameEncoding Encoding, FrameBatch Frames)> _frames = new(1);
    private byte[] _payloads = [];
    private LoggedMessage[] _log = [];
    private int _payloadBytes;
    private int _logged;
    private int _loggedBytes;

    /// <summary>The batch's place in the channel's life on this node; see <see cref="Subscription.StartBatch"/>.</summary>
    public long Number { get; private set; }

    /// <summary>Whether messages wait in it for the fan-out to encode them.</summary>
    public bool IsLogged { get; private set; }

    /// <summary>Messages in the batch.</summary>
    public int Count => IsLogged ? _logged : _frames[0].Frames.Count;

    /// <summary>Bytes in the batch: encoded, or about as many as an encoding takes.</summary>
    public int Bytes => IsLogged ? _loggedBytes : _frames[0].Frames.Length;

    /// <summary>The trace of the first message that has one; null for none.</summary>
    public string? Trace { get; private set; }

    /// <param name="number">See <see cref="Number"/>.</param>
    /// <param name="encoding">The source of all subscribers' encodings; null to log the messages.</param>
    public static MessageBatch Rent(long number, FrameEncoding? encoding)
    {
        var batch = Pool.Get();
        batch.Number = number;
        batch.IsLogged = encoding is null;
        if (encoding is not null)
            batch._frames.Add((encoding, FrameBatch.Rent(encoding)));
        return batch;
    }

    /// <summary>About as many bytes as a message takes in any encoding.</summary>
    public static int SizeOf(ChannelName channel, in Publication publication) =>
        MessageOverhead + channel.Utf8.Length + publication.Payload.Bytes.Length + publication.Sender.Span.Length;

    public bool HasRoomFor(int bytes) => Count == 0 || Bytes + bytes <= FrameBatch.TargetBytes;

    /// <returns>How many bytes the batch has grown by.</returns>
    public int Append(ChannelName channel, in Publication publication)
    {
        Trace ??= publication.Trace;
        if (!IsLogged)
        {
            var frames = _frames[0].Frames;
            int before = frames.Length;
            frames.AppendMessage(channel, publication);
            return frames.Length - before;
        }
        var payload = publication.Payload;
        int start = Store(payload.Bytes);
        return Log(SizeOf(channel, publication), new LoggedMessage(payload.Kind, start, payload.Bytes.Length)
        {
            Sender = publication.Sender,
            Epoch = publication.Epoch,
            Seq = publication.Seq,
            Time = publication.Time,
            Except = publication.Except,
        });
    }

    /// <summary>
    /// Appends to a batch with a log: putting many users into words takes long, and publishers wait for the channel's lock.
    /// </summary>
    /// <returns>How many bytes the batch has grown by.</returns>
    public int Append(PresenceMessage presence, PresenceAudience audience) =>
        Log(MessageOverhead + presence.Bytes, new LoggedMessage { Presence = presence, Audience = audience });

    /// <summary>
    /// The messages as a subscriber gets them. For the fan-out, which holds the reference on them until the batch is released.
    /// </summary>
    public FrameBatch FramesFor(ChannelName channel, ISubscriber subscriber) => FramesFor(channel, subscriber.Encoding);

    public void Release()
    {
        foreach (var (_, frames) in _frames)
            frames.Release();
        _frames.Clear();
        if (_payloads.Length > 0)
            ArrayPool<byte>.Shared.Return(_payloads);
        _log.AsSpan(0, _logged).Clear();
        _payloads = [];
        _payloadBytes = _logged = _loggedBytes = 0;
        Trace = null;
        Pool.Return(this);
    }

    private FrameBatch FramesFor(ChannelName channel, FrameEncoding encoding)
    {
        foreach (var (made, frames) in _frames)
        {
            if (made == encoding)
                return frames;
        }
        var source = encoding.Source;
        var added = source == encoding ? Encode(channel, encoding) : encoding.Transcode(FramesFor(channel, source), channel);
        _frames.Add((encoding, added));
        return added;
    }

    private FrameBatch Encode(ChannelName channel, FrameEncoding encoding)
    {
        var frames = FrameBatch.Rent(encoding);
        foreach (ref readonly var message in _log.AsSpan(0, _logged))
        {
            if (message.Presence is { } presence)
            {
                frames.AppendPresence(channel, presence, message.Audience!);
                continue;
            }
            frames.AppendMessage(channel, new Publication
            {
                Payload = new(message.Kind, _payloads.AsSpan(message.Start, message.Length)),
                Sender = message.Sender,
                Epoch = message.Epoch,
                Seq = message.Seq,
                Time = message.Time,
                Except = message.Except,
            });
        }
        return frames;
    }

    private int Store(ReadOnlySpan<byte> payload)
    {
        int start = _payloadBytes;
        if (start + payload.Length > _payloads.Length)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(start + payload.Length, Math.Min(2 * start, FrameBatch.TargetBytes)));
            _payloads.AsSpan(0, start).CopyTo(larger);
            if (_payloads.Length > 0)
                ArrayPool<byte>.Shared.Return(_payloads);
            _payloads = larger;
        }
        payload.CopyTo(_payloads.AsSpan(start));
        _payloadBytes += payload.Length;
        return start;
    }

    private int Log(int bytes, LoggedMessage message)
    {
        if (_logged == _log.Length)
            Array.Resize(ref _log, Math.Max(4, 2 * _logged));
        _log[_logged++] = message;
        _loggedBytes += bytes;
        return bytes;
    }
}
