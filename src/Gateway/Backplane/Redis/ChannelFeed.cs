using System.Text;
using System.Text.Json;
using Gateway.Channels;

namespace Gateway.Backplane.Redis;

/// <summary>
/// Safe for any thread. One channel's way from Redis to the sink: in a namespace with history every seq once and in order, what
/// did not come through pub/sub from the stream, and where that is gone, the loss told.
/// </summary>
/// <remarks>Lock order: this one, then those of the sink. Nothing called by the channel table takes it.</remarks>
internal sealed class ChannelFeed(
    ChannelName channel, RedisKeys keys, IBackplaneSink sink, BackplaneMetrics metrics, RedisPresence presence)
{
    /// <summary>Messages held during a catch-up; those beyond are read from the stream instead.</summary>
    private const int MaxHeld = 1024;

    private static readonly HistoryQuery PageAfter = new(null, null, 256, 256 * 1024);

    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _held = new();
    private RedisConnection? _connection;
    private Position? _position;
    private JsonEncodedText _sender;
    private int _life;
    private bool _isCatchingUp;
    private bool _overflowed;
    private bool _failed;

    public ChannelName Channel => channel;

    public RedisKeys Keys => keys;

    /// <summary>When the channel may be left; 0 while it is wanted. Lock of <see cref="RedisFeeds"/>.</summary>
    public long LeaveAt { get; set; }

    /// <summary>Whether somebody will look at <see cref="LeaveAt"/>. Lock of <see cref="RedisFeeds"/>.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether the last thing asked for was to end. Lock of <see cref="RedisFeeds"/>.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Whether it was let go of. Lock of <see cref="RedisFeeds"/>.</summary>
    public bool IsGone { get; set; }

    /// <summary>The last thing asked for, which completes with whether messages flow. Lock of <see cref="RedisFeeds"/>.</summary>
    public Task<bool> Flowing { get; set; } = Task.FromResult(false);

    /// <summary>Whether Redis refused to show the stream, so that nothing can be delivered any more. Attaching again may help.</summary>
    public bool HasFailed => Volatile.Read(ref _failed);

    /// <summary>Subscribes, on a new connection or again, and delivers what was missed since the last time. May be called under any lock.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="before">What was asked for before on the same connection: one command at a time, whatever order the client library would give them.</param>
    public async Task<bool> AttachAsync(RedisConnection connection, Task before)
    {
        // What came to nothing before may still deliver, or be reading: it must not do so beside this one.
        int life = Interlocked.Increment(ref _life);
        bool hasFailed;
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            if (life != _life)
                return false;
            hasFailed = _failed && _connection == connection;
            (_connection, _isCatchingUp, _overflowed, _failed) = (connection, channel.Namespace.Rules.HasHistory, false, false);
            _held.Clear();
        }
        if (hasFailed)
            await connection.UnsubscribeAsync(keys.Flow).ConfigureAwait(false);
        bool isSubscribed = await connection.SubscribeAsync(keys.Flow, bytes => OnMessage(life, bytes)).ConfigureAwait(false);
        if (isSubscribed)
            presence.OnAttached(channel);
        if (isSubscribed && (!channel.Namespace.Rules.HasHistory || await CatchUpAsync(connection, life).ConfigureAwait(false)))
            return true;
        await connection.UnsubscribeAsync(keys.Flow).ConfigureAwait(false);
        return false;
    }

    /// <summary>Ends the flow. May be called under any lock.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="before">As for <see cref="AttachAsync"/>.</param>
    /// <returns>False: nothing flows.</returns>
    public async Task<bool> DetachAsync(RedisConnection connection, Task before)
    {
        Interlocked.Increment(ref _life);
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            // A newer connection has taken over, and this one's subscriptions went with it.
            if (_connection != connection)
                return false;
            (_connection, _position) = (null, null);
            _held.Clear();
        }
        await connection.UnsubscribeAsync(keys.Flow).ConfigureAwait(false);
        return false;
    }

    /// <summary>A position was read from Redis: if it is not where this feed is, it finds out why.</summary>
    public void Check(Position top)
    {
        lock (_gate)
        {
            if (_connection is not null && !_isCatchingUp && _position is { } position && (position.Epoch != top.Epoch || position.Seq < top.Seq))
                StartCatchUp(_connection);
        }
    }

    private void OnMessage(int life, byte[] bytes)
    {
        lock (_gate)
        {
            if (life != _life || !Envelope.TryRead(bytes, out var envelope))
                return;
            if (envelope.Kind == EnvelopeKind.Presence)
                presence.OnChange(channel, envelope.Before, envelope.Change);
            else if (envelope.Kind == EnvelopeKind.Message)
                DeliverUnpositioned(envelope.Records);
            else if (_isCatchingUp)
                Hold(bytes);
            else if (!TryTake(envelope))
            {
                metrics.GapFound();
                Hold(bytes);
                StartCatchUp(_connection!);
            }
        }
    }

    private void DeliverUnpositioned(MessageRecords records)
    {
        foreach (var body in records)
            Deliver(0, body);
    }

    /// <summary>False when something before it, or its epoch's beginning, is missing.</summary>
    private bool TryTake(in Envelope envelope)
    {
        var position = _position!.Value;
        if (!IsCurrent(envelope.Epoch, position.Epoch) || envelope.Seq > position.Seq + 1)
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

    private void Hold(byte[] bytes)
    {
        if (_held.Count < MaxHeld)
            _held.Enqueue(bytes);
        else
            _overflowed = true;
    }

    private void StartCatchUp(RedisConnection connection)
    {
        _isCatchingUp = true;
        _ = CatchUpAsync(connection, _life);
    }

    /// <summary>Reads the stream from the last position to its end, then what was held meanwhile. Only one runs at a time.</summary>
    private async Task<bool> CatchUpAsync(RedisConnection connection, int life)
    {
        while (true)
        {
            long? after;
            lock (_gate)
                after = _position?.Seq;
            var query = after is null ? HistoryQuery.PositionOnly : PageAfter with { After = after };
            if (await RedisHistory.ReadAsync(connection, channel, keys, query, inTurn: true).ConfigureAwait(false) is not { } page)
            {
                Fail(connection, life);
                return false;
            }
            lock (_gate)
            {
                if (life != _life)
                    return false;
                Take(page);
                if (page.More || !TryRelease())
                    continue;
                _isCatchingUp = false;
                return true;
            }
        }
    }

    /// <summary>A new connection starts all feeds anew; but where Redis refused this channel alone, its subscribers must not wait for good.</summary>
    private void Fail(RedisConnection connection, int life)
    {
        lock (_gate)
        {
            if (life != _life || connection.Broken.IsCompleted)
                return;
            (_failed, _position) = (true, null);
            sink.OnLost(channel);
        }
    }

    private void Take(StoredPage page)
    {
        if (_position is not { } position)
        {
            _position = page.Top;
            return;
        }
        bool isLost = page.Top.Epoch != position.Epoch || page.Top.Seq < position.Seq
            || (page.Top.Seq > position.Seq && (page.Entries.Count == 0 || page.Entries[0].Seq != position.Seq + 1));
        if (isLost)
        {
            _position = page.Top;
            sink.OnLost(channel);
            return;
        }
        foreach (var (seq, body) in page.Entries)
            Deliver(seq, body);
        if (page.Entries.Count > 0)
            metrics.GapFilled();
    }

    /// <summary>Delivers what was held. False when the stream must be read again first.</summary>
    private bool TryRelease()
    {
        while (_held.TryDequeue(out byte[]? bytes))
        {
            // One of another epoch is older than the page, or newer: reading once more tells, and covers it if newer.
            if (Envelope.TryRead(bytes, out var envelope) && !TryTake(envelope))
                return false;
        }
        bool complete = !_overflowed;
        _overflowed = false;
        return complete;
    }

    private void Deliver(long seq, ReadOnlySpan<byte> bytes)
    {
        if (seq != 0)
            _position = _position!.Value with { Seq = seq };
        if (!MessageBody.TryRead(bytes, out var body))
            return;
        _sender = body.EncodedSender(_sender);
        sink.OnPublication(channel, new Publication { Content = body.Content, Sender = _sender, Seq = seq, Time = body.Time, Except = body.Except, Trace = body.Trace });
    }

    private static bool IsCurrent(ReadOnlySpan<byte> utf8, string epoch)
    {
        Span<byte> bytes = stackalloc byte[256];
        return Encoding.UTF8.TryGetBytes(epoch, bytes, out int length) && utf8.SequenceEqual(bytes[..length]);
    }
}
