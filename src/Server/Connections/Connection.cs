using Gateway.Protocol.WebSockets;
using Gateway.Server.Audit;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Health;
using Gateway.Server.Naming;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Connections;

/// <summary>
/// One client's connection, from its handshake to its end. Its transport hands it the input, one piece at a time: that is the connection's
/// read loop, which alone reads and handles messages, closes and ends. Everything public may be called from any thread.
/// </summary>
/// <remarks>All messages of a piece of input are handled before one flush sends the replies.</remarks>
internal sealed partial class Connection : IConnectionReceiver, IWriterOwner
{
    private readonly ITransport _transport;
    private readonly ConnectionServices _services;
    private readonly IDialect _dialect;
    private Heartbeat _heartbeat;
    private CloseRequest? _close;
    private Closing? _closing;

    /// <summary>Null while nothing is read or handled, and so in an idle connection.</summary>
    private InputReader? _reader;

    /// <summary>Null until somebody wants something done for the client, which for most connections never happens.</summary>
    private PostedWork? _posted;
    private bool _hasVanished;

    /// <param name="transport">The stream, with the handshake answered or about to be.</param>
    /// <param name="encoding">How messages look on the connection's wire.</param>
    /// <param name="services">What all connections share.</param>
    /// <param name="lease">Who the connection belongs to, and its place in the limits; given back at the connection's end.</param>
    /// <param name="dialect">Makes the dialect that its client speaks.</param>
    public Connection(
        ITransport transport,
        FrameEncoding encoding,
        ConnectionServices services,
        ConnectionLease lease,
        Func<Connection, IDialect> dialect)
    {
        _transport = transport;
        _services = services;
        _rate = new RateMeter(services.Rates, services.Rates.Now);
        _heartbeat = new Heartbeat(services.Clock.Now);
        Opened = services.Clock.Now;
        Lease = lease;
        Writer = new ConnectionWriter(
            encoding, transport.Output, this, services.Sends.Next(), services.Options.Limits.OutboundBytes);
        _dialect = dialect(this);
    }

    public ConnectionId Id => Lease.Id;

    /// <summary>Who the connection belongs to, and its place in the limits; given back at the connection's end.</summary>
    public ConnectionLease Lease { get; }

    public ConnectionWriter Writer { get; }

    /// <summary>When it was opened, on <see cref="Clock.GatewayClock.Now"/>.</summary>
    public long Opened { get; }

    /// <summary>The user's side of it; null where nobody signs in.</summary>
    public IClientSession? Client => _dialect.Client;

    /// <summary>Whether the end has begun; nothing new should be started for the client.</summary>
    public bool IsClosing => Volatile.Read(ref _close) is not null;

    /// <summary>Whether the dialect waits for somebody else.</summary>
    public bool IsHeartbeatPaused => _heartbeat.IsPaused;

    /// <summary>What the peer's close frame said; null where none has come.</summary>
    private CloseStatus? PeerClose => _reader?.PeerClose;

    /// <summary>For the read loop, and for the end of the connection.</summary>
    private InputReader Reader => _reader ??= InputReader.Rent(_services.Options.Limits.MessageBytes, Writer.Encoding.IsCompressed);

    private AuditedConnection Audited => new(Lease.Id, Lease.User, Lease.IsAnonymous, Lease.Address, Lease.Transport);

    /// <summary>The dialect begins to wait for somebody else, and what the client sends stays unread. For the read loop.</summary>
    public void PauseHeartbeat() => _heartbeat.Pause();

    /// <summary>The dialect does not wait any more.</summary>
    public void ResumeHeartbeat() => _heartbeat.Resume(_services.Clock.Now);

    /// <summary>Asks the read loop to close the connection. The first request counts.</summary>
    public void RequestClose(CloseRequest close)
    {
        if (Interlocked.CompareExchange(ref _close, close, null) is not null)
            return;
        // A peer that is asked to leave still gets what was published before.
        if (close.DropQueued)
            Writer.CompleteAdding();
        else
            Writer.EndWaits();
        EndDelay();
        _dialect.OnClosing();
        _transport.Wake();
    }

    /// <summary>Ends the connection without waiting for the peer, whatever it has come to.</summary>
    public void Abort()
    {
        _transport.Abort(Stopping);
        Writer.Abort();
    }

    /// <summary>
    /// Has the read loop begin something for the client; canceled when the loop has too much to do. Where the connection is about to end,
    /// the task may never complete: wait with a deadline.
    /// </summary>
    public Task<bool> PostAsync(Func<IClientSession, ValueTask<bool>> work)
    {
        if (_posted is null)
            Interlocked.CompareExchange(ref _posted, new(), null);
        if (IsClosing)
            return Task.FromResult(false);
        var result = _posted.AddAsync(work);
        _transport.Wake();
        return result;
    }

    /// <summary>Has the clock look at the connection soon: it has a deadline that it did not have before.</summary>
    public void Hasten() => _services.Connections.Hasten(this, _services.Clock.Now);

    /// <summary>Called by the clock.</summary>
    /// <param name="now">Milliseconds on the clock.</param>
    /// <returns>When to call again, on the same clock; sooner after <see cref="Hasten"/>.</returns>
    public long OnTick(long now)
    {
        if (Volatile.Read(ref _closing) is { } closing)
        {
            closing.OnTick();
            return now;
        }
        return Math.Min(IsDelayed ? now : Beat(now), _dialect.OnTick(now));
    }

    /// <summary>Completes when the connection is over and nothing of it is left.</summary>
    /// <param name="answer">The answer to the handshake, where it was not sent before.</param>
    public Task RunAsync(ReadOnlyMemory<byte> answer = default)
    {
        if (!answer.IsEmpty)
            Writer.Answer(answer.Span);
        // Entered before the client can know that it is connected. The drain first notes that it drains and then closes the connections
        // that are entered, this one is entered and then looks for the note: so one of the two sees the other.
        _services.Connections.Add(this);
        _services.Audit.Connected(Audited);
        if (_services.Readiness.IsDraining)
            RequestClose(CloseRequest.Restarting(0));
        return _transport.RunAsync(this, OpenAsync());
    }

    /// <summary>Closes with <see cref="CloseCode.InternalError"/>.</summary>
    public void Fail(Exception failure)
    {
        LogFailure(_services.Log, failure, Id);
        RequestClose(CloseRequest.InternalError);
    }

    void IWriterOwner.OnSlow(CloseStatus status) => RequestClose(CloseRequest.SlowConsumer(status));

    void IWriterOwner.OnOverflow(string policy, ChannelName channel, long dropped) =>
        _services.Audit.Slow(Audited, policy, channel, dropped);

    void IWriterOwner.OnPresenceDropped() => _dialect.OnPresenceDropped();

    void IWriterOwner.OnGap(Subscription subscription) => _dialect.OnGap(subscription);

    void IConnectionReceiver.OnFailure(Exception failure)
    {
        if (IsVanished(failure))
            _hasVanished = true;
        else
            Fail(failure);
    }

    Task IConnectionReceiver.OnEndAsync() => EndAsync(_hasVanished);

    private long Beat(long now)
    {
        if (!_heartbeat.TryBeat(now, _services.Options.Heartbeat, Writer, out bool isDue, out long next))
            RequestClose(CloseRequest.NoPong);
        // Where one thread has many connections, it sends their pings: when it has sent the last, the pongs to the first have come, and
        // none of them wakes it. Sent by the clock, a heartbeat costs twice as much there.
        else if (isDue && _transport.SharesThread)
            _transport.Wake();
        else if (isDue && _heartbeat.TakePing())
            Writer.Ping(SendTiming.Now);
        return next;
    }

    private async ValueTask<bool> OpenAsync()
    {
        // The answer to the handshake and the dialect's first message leave with one send, unless somebody else is waited for in between.
        var opened = _dialect.OnOpenAsync();
        if (!opened.IsCompletedSuccessfully)
        {
            await Writer.FlushAsync().ConfigureAwait(false);
            await opened.ConfigureAwait(false);
        }
        await Writer.FlushAsync().ConfigureAwait(false);
        return !IsClosing && PeerClose is null;
    }

    /// <summary>A peer that went away, in whatever manner, is not an error.</summary>
    private static bool IsVanished(Exception failure) =>
        failure is ConnectionResetException or ConnectionAbortedException or IOException or OperationCanceledException;

    [LoggerMessage(10, LogLevel.Error, "Connection {Connection} failed and is closed with 1011.")]
    private static partial void LogFailure(ILogger log, Exception failure, ConnectionId connection);
}
