using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// One channel's way from Redis to the sink. In a namespace with history it delivers every seq once and in order; what did not come
/// through pub/sub is read from the stream, and where that is gone, the loss is told. Safe for any thread.
/// </summary>
/// <remarks>
/// Lock order: this one, then those of the sink. Nothing called by the channel table takes it.
/// A position alone is no proof that nothing was lost: a Redis that has lost its last writes gives their positions again. So the
/// reader keeps a mark of the last message it delivered and compares it with the entry at its position whenever the two may differ.
/// </remarks>
internal sealed class RedisChannelReader(
    ChannelName channel, RedisKeys keys, IBackplaneSink sink, BackplaneMetrics metrics, BrokenRecords broken, RedisPresence presence)
{
    /// <summary>Messages held during a catch-up; those beyond are read from the stream instead.</summary>
    private const int MaxHeld = 1024;

    /// <summary>Attempts that are refused before the subscribers are told: 0.4 s. A script that is busy, or a slot that moves, is over sooner.</summary>
    private const int QuietFailures = 4;

    private const int FirstRetryMilliseconds = 50;
    private const int LastRetryMilliseconds = 5_000;

    /// <summary>Of subscribing, without a longer wait between them: a cluster's replica takes over in seconds.</summary>
    private const int SteadyRetries = 20;

    private static readonly HistoryQuery PageAfter = new(null, null, 256, 256 * 1024);

    private readonly Lock _gate = new();
    private readonly Queue<byte[]> _held = new();
    private RedisConnection? _connection;

    // What is subscribed to, or being asked for.
    private PubSubChannel? _subscription;
    private Position? _position;
    private Utf8Text _sender;
    private Task<bool>? _attempt;

    // Of the message at the position; 0 when it is not known.
    private int _mark;

    // Where the last catch-up ended: what pub/sub brings late from before is no sign of anything.
    private long _caughtUpTo;
    private int _generation;
    private int _failures;
    private bool _isAttached;
    private bool _isCatchingUp;
    private bool _overflowed;

    public ChannelName Channel => channel;

    public RedisKeys Keys => keys;

    /// <summary>When the channel may be left; 0 while it is wanted. Lock of <see cref="RedisChannelReaders"/>.</summary>
    public long LeaveAt { get; set; }

    /// <summary>Whether somebody will look at <see cref="LeaveAt"/>. Lock of <see cref="RedisChannelReaders"/>.</summary>
    public bool IsQueued { get; set; }

    /// <summary>Whether the last thing asked for was to end. Lock of <see cref="RedisChannelReaders"/>.</summary>
    public bool IsLeaving { get; set; }

    /// <summary>Whether it was let go of. Lock of <see cref="RedisChannelReaders"/>.</summary>
    public bool IsGone { get; set; }

    /// <summary>The last thing asked for, which completes with whether messages flow. Lock of <see cref="RedisChannelReaders"/>.</summary>
    public Task<bool> LastRequest { get; set; } = Task.FromResult(false);

    /// <summary>Whether Redis sends this channel here, so that at most the stream is missing.</summary>
    public bool IsAttached => Volatile.Read(ref _isAttached);

    /// <summary>Whether Redis refused to show the stream the last time. The reader goes on trying by itself; nothing flows until it succeeds.</summary>
    public bool HasFailed => Volatile.Read(ref _failures) > 0;

    /// <summary>Subscribes, on a new connection or again, and delivers what was missed since the last time. May be called under any lock.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="before">What was asked for before on the same connection: one command at a time.</param>
    public async Task<bool> AttachAsync(RedisConnection connection, Task before)
    {
        // What came to nothing before may still deliver, or be reading: it must not do so beside this one.
        int generation = Interlocked.Increment(ref _generation);
        Volatile.Write(ref _isAttached, false);
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        Task<bool> attempt;
        lock (_gate)
        {
            if (generation != _generation)
                return false;
            (_connection, _overflowed, _failures) = (connection, false, 0);
            _held.Clear();
            attempt = _attempt = FollowAsync(connection, generation);
        }
        return await attempt.ConfigureAwait(false);
    }

    /// <summary>Tries again now what failed, or waits for the attempt under way. May be called under any lock.</summary>
    /// <returns>Whether messages flow.</returns>
    public async Task<bool> RetryAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        Task<bool> attempt;
        lock (_gate)
        {
            if (_connection is not { } connection)
                return false;
            if (_failures == 0 && _isAttached)
                return true;
            if (_attempt is not { IsCompleted: false })
                _attempt = FollowAsync(connection, _generation);
            attempt = _attempt;
        }
        return await attempt.ConfigureAwait(false);
    }

    /// <summary>
    /// Ends the subscription without a word to the connection, which is given up as a whole: one half of it may work until it is closed. May be called
    /// under any lock.
    /// </summary>
    public void Abandon()
    {
        Interlocked.Increment(ref _generation);
        Volatile.Write(ref _isAttached, false);
    }

    /// <summary>Ends the flow. May be called under any lock.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="before">As for <see cref="AttachAsync"/>.</param>
    /// <returns>False: nothing flows.</returns>
    public async Task<bool> DetachAsync(RedisConnection connection, Task before)
    {
        Interlocked.Increment(ref _generation);
        Volatile.Write(ref _isAttached, false);
        await before.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        PubSubChannel? subscription;
        bool isEmpty;
        lock (_gate)
        {
            // A newer connection has taken over, and this one's subscriptions went with it.
            if (_connection != connection)
                return false;
            isEmpty = _position is { Seq: 0 };
            (_connection, _position, subscription, _subscription) = (null, null, _subscription, null);
            _held.Clear();
        }
        if (subscription is not null)
            await connection.UnsubscribeAsync(subscription).ConfigureAwait(false);
        if (isEmpty)
            await RedisHistory.ForgetAsync(connection, keys).ConfigureAwait(false);
        return false;
    }

    /// <summary>A position was read from Redis: if this reader is behind it, or in another epoch, it finds out why. Being ahead is no sign: answers may be slower than pub/sub.</summary>
    public void Check(Position top)
    {
        lock (_gate)
        {
            if (_connection is not null && !_isCatchingUp && _position is { } position && (position.Epoch != top.Epoch || position.Seq < top.Seq))
                StartCatchUp(_connection);
        }
    }

    /// <summary>Compares position and last message with the stream, which also keeps the position of a quiet channel alive.</summary>
    public Task CheckAsync()
    {
        lock (_gate)
        {
            if (_connection is null || _position is null)
                return Task.CompletedTask;
            if (!_isCatchingUp)
                StartCatchUp(_connection);
            return _attempt!;
        }
    }

    /// <summary>Subscribes where that is to be done, and reads what was missed.</summary>
    private async Task<bool> FollowAsync(RedisConnection connection, int generation)
    {
        if (!IsAttached && !await TrySubscribeAsync(connection, generation).ConfigureAwait(false))
        {
            Fail(connection, generation);
            return false;
        }
        return !channel.Namespace.Rules.HasHistory || await CatchUpAsync(connection, generation).ConfigureAwait(false);
    }

    private async Task<bool> TrySubscribeAsync(RedisConnection connection, int generation)
    {
        PubSubChannel subscription = null!;
        subscription = new PubSubChannel(keys.Flow, bytes => OnMessage(generation, bytes), () => OnEnded(subscription));
        lock (_gate)
        {
            if (generation != _generation)
                return false;
            (_subscription, _isCatchingUp) = (subscription, channel.Namespace.Rules.HasHistory);
        }
        bool isSubscribed = await connection.SubscribeAsync(subscription).ConfigureAwait(false);
        lock (_gate)
        {
            // Its connection may have ended meanwhile.
            isSubscribed &= generation == _generation && _subscription == subscription;
            if (isSubscribed)
            {
                Volatile.Write(ref _isAttached, true);
                if (!channel.Namespace.Rules.HasHistory)
                    Volatile.Write(ref _failures, 0);
            }
        }
        if (isSubscribed)
            presence.OnAttached(channel);
        else
            await connection.UnsubscribeAsync(subscription).ConfigureAwait(false);
        return isSubscribed;
    }

    /// <summary>Redis, or the one server of several that had this channel, sends it here no more: asks anew, and catches up.</summary>
    private void OnEnded(PubSubChannel subscription)
    {
        lock (_gate)
        {
            if (_subscription != subscription)
                return;
            _subscription = null;
            Volatile.Write(ref _isAttached, false);
            if (_connection is not { Broken.IsCompleted: false } connection)
                return;
            if (!connection.IsSharded)
            {
                // There is no other connection that could bring it.
                connection.Break("pub/sub ended");
                return;
            }
            // Lest a check begins to read beside what is about to.
            _isCatchingUp = channel.Namespace.Rules.HasHistory;
            sink.OnInterrupted(channel);
            _attempt = FollowAgainAsync(connection, _generation, before: _attempt);
        }
    }

    private async Task<bool> FollowAgainAsync(RedisConnection connection, int generation, Task? before)
    {
        await (before ?? Task.CompletedTask).ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        return await FollowAsync(connection, generation).ConfigureAwait(false);
    }

    private void OnMessage(int generation, ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
        {
            if (generation != _generation)
                return;
            if (!Envelope.TryRead(bytes, out var envelope) || !IsExpected(envelope.Kind))
                OnBroken();
            else if (envelope.Kind == EnvelopeKind.Presence)
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

    /// <summary>Nodes that disagree over a namespace's rules cannot use each other's messages.</summary>
    private bool IsExpected(EnvelopeKind kind) => kind switch
    {
        EnvelopeKind.Message => !channel.Namespace.Rules.HasHistory,
        EnvelopeKind.PositionedMessage => channel.Namespace.Rules.HasHistory,
        _ => channel.Namespace.Rules.Presence,
    };

    /// <summary>
    /// Nobody knows what it was. If it was a message with a position, the stream has it, or shows that it is lost; a lost presence change shows by
    /// its version.
    /// </summary>
    private void OnBroken()
    {
        broken.Drop(RecordKind.Message);
        if (!channel.Namespace.Rules.HasHistory)
            return;
        if (_isCatchingUp)
            _overflowed = true;
        else
            StartCatchUp(_connection!);
    }

    private void DeliverUnpositioned(MessageRecords records)
    {
        foreach (var body in records)
            Deliver(0, body);
    }

    /// <summary>False when something before it, or its epoch's beginning, is missing, or its positions were given before to others.</summary>
    private bool TryTake(in Envelope envelope)
    {
        var position = _position!.Value;
        if (!IsCurrent(envelope.Epoch, position.Epoch) || envelope.Seq > position.Seq + 1 || (envelope.Seq <= position.Seq && !IsKnown(envelope, position.Seq)))
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

    /// <summary>Whether what a message says of positions up to this reader's is what was delivered there.</summary>
    private bool IsKnown(in Envelope envelope, long position)
    {
        long seq = envelope.Seq;
        foreach (var body in envelope.Records)
        {
            if (seq++ == position)
                return _mark == 0 || _mark == Mark(body);
        }
        return seq <= position && seq - 1 <= _caughtUpTo;
    }

    private void Hold(ReadOnlySpan<byte> bytes)
    {
        if (_held.Count < MaxHeld)
            _held.Enqueue(bytes.ToArray());
        else
            _overflowed = true;
    }

    private void StartCatchUp(RedisConnection connection)
    {
        _isCatchingUp = true;
        _attempt = CatchUpAsync(connection, _generation);
    }

    /// <summary>Reads the stream from the last position to its end, then what was held meanwhile. Only one runs at a time.</summary>
    private async Task<bool> CatchUpAsync(RedisConnection connection, int generation)
    {
        // The first page begins with the message that was delivered last.
        bool isFirst = true;
        while (true)
        {
            Position? from;
            lock (_gate)
                from = _position;
            var query = from is { Seq: var seq } ? PageAfter with { After = isFirst ? seq - 1 : seq } : HistoryQuery.PositionOnly;
            var page = await RedisHistory.ReadAsync(connection, channel, keys, query, keep: true, inTurn: true).ConfigureAwait(false);
            broken.Drop(RecordKind.History, page?.Broken ?? 0);
            bool isTwice = page is not null && from is { } position && IsGivenTwice(page, position);
            // Before anybody is told: who is told recovers, and must find that the old positions are good no more.
            if (page is null || (isTwice && !await RedisHistory.RenewAsync(connection, keys, page.Top.Epoch).ConfigureAwait(false)))
            {
                Fail(connection, generation);
                return false;
            }
            isFirst = isTwice;
            if (isTwice)
                continue;
            lock (_gate)
            {
                if (generation != _generation)
                    return false;
                Take(page);
                if (page.More || !TryRelease())
                    continue;
                _isCatchingUp = false;
                Volatile.Write(ref _failures, 0);
                return true;
            }
        }
    }

    /// <summary>Whether the stream's epoch is this reader's, and yet the stream is not what this reader delivered.</summary>
    private bool IsGivenTwice(StoredPage page, Position position)
    {
        if (page.Top.Epoch != position.Epoch)
            return false;
        if (page.Top.Seq < position.Seq)
            return true;
        return page.Entries.Count > 0 && page.Entries[0].Seq == position.Seq && _mark != 0 && _mark != Mark(page.Entries[0].Body);
    }

    /// <summary>
    /// Redis refused this channel alone, for a broken connection starts all readers anew: tries again, at first quickly and quietly, as the
    /// stream may still have everything; then the subscribers are told, lest they wait for good.
    /// </summary>
    private void Fail(RedisConnection connection, int generation)
    {
        int failures;
        lock (_gate)
        {
            if (generation != _generation || connection.Broken.IsCompleted)
                return;
            failures = _failures + 1;
            Volatile.Write(ref _failures, failures);
            if (failures == 1)
                sink.OnInterrupted(channel);
            // Without history nobody was promised what was published meanwhile, and there is nothing to start over from.
            if (failures == QuietFailures && channel.Namespace.Rules.HasHistory)
            {
                (_position, _mark) = (null, 0);
                sink.OnLost(channel);
            }
        }
        _ = RetryLaterAsync(generation, failures);
    }

    private async Task RetryLaterAsync(int generation, int failures)
    {
        // What cannot be subscribed to waits for a server to take over, and misses more than it has to with each wait that is too long.
        int doublings = IsAttached ? failures - 1 : Math.Max(1, failures - SteadyRetries);
        await Task.Delay(Math.Min(LastRetryMilliseconds, FirstRetryMilliseconds << Math.Min(doublings, 10))).ConfigureAwait(false);
        lock (_gate)
        {
            // One timer counts, the last failure's: subscribers cause attempts, and so failures, of their own.
            if (generation == _generation && failures == _failures && _attempt is not { IsCompleted: false })
                _attempt = FollowAsync(_connection!, generation);
        }
    }

    private void Take(StoredPage page)
    {
        if (_position is not { } position)
        {
            (_position, _mark) = (page.Top, 0);
            return;
        }
        if (page.Top.Epoch != position.Epoch || page.Oldest > position.Seq + 1)
        {
            (_position, _mark) = (page.Top, 0);
            sink.OnLost(channel);
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

    /// <summary>Delivers what was held. False when the stream must be read again first.</summary>
    private bool TryRelease()
    {
        _caughtUpTo = _position!.Value.Seq;
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
        {
            _position = _position!.Value with { Seq = seq };
            _mark = Mark(bytes);
        }
        var body = MessageBody.Read(bytes);
        _sender = body.SenderText(_sender);
        string? epoch = seq == 0 ? null : _position!.Value.Epoch;
        sink.OnPublication(channel, new Publication
        {
            Payload = body.Payload,
            Sender = _sender,
            Epoch = epoch,
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
