using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Audit;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Health;
using Gateway.Server.Naming;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Connections;

/// <summary>
/// One WebSocket. <see cref="RunAsync"/> is its read loop and the only one who reads, closes and ends it; everything public
/// beside it may be called from any thread. All messages in a received buffer are handled before one flush sends the replies.
/// </summary>
internal sealed partial class Connection : IWriterOwner
{
    private readonly ConnectionContext _transport;
    private readonly IOutput _output;
    private readonly ConnectionServices _services;
    private readonly IMessageHandler _handler;
    private FrameReader _frames;
    private CloseRequest? _close;
    private CloseStatus? _peerClose;
    private bool _answered;

    /// <param name="transport">The accepted socket, its upgrade answered.</param>
    /// <param name="output">Where its frames go.</param>
    /// <param name="encoding">How messages look on its wire.</param>
    /// <param name="services">What all connections share.</param>
    /// <param name="lease">Who it belongs to, and its place in the limits; given back at the connection's end.</param>
    /// <param name="handler">Makes the handler of its messages.</param>
    public Connection(
        ConnectionContext transport,
        IOutput output,
        FrameEncoding encoding,
        ConnectionServices services,
        ConnectionLease lease,
        Func<Connection, IMessageHandler> handler)
    {
        _transport = transport;
        _output = output;
        _services = services;
        _frames = new FrameReader(services.Options.Limits.MessageBytes);
        _rate = new RateMeter(services.Rates, services.Rates.Now);
        _lastReceived = services.Clock.Now;
        Opened = services.Clock.Now;
        Lease = lease;
        Writer = new ConnectionWriter(encoding, output, this, services.Sends.Next(), services.Options.Limits.OutboundBytes, services.Metrics);
        _handler = handler(this);
    }

    public string Id => Lease.Id;

    /// <summary>Who it belongs to, and its place in the limits; given back at the connection's end.</summary>
    public ConnectionLease Lease { get; }

    private AuditedConnection Audited => new(Lease.Id, Lease.User, Lease.Address, Lease.Transport);

    public ConnectionWriter Writer { get; }

    /// <summary>When it was opened, on <see cref="Clock.GatewayClock.Now"/>.</summary>
    public long Opened { get; }

    /// <summary>Whether the end has begun; nothing new should be started for the client.</summary>
    public bool IsClosing => Volatile.Read(ref _close) is not null;

    /// <summary>Asks the read loop to close the connection. The first request counts.</summary>
    public void RequestClose(CloseRequest close)
    {
        if (Interlocked.CompareExchange(ref _close, close, null) is not null)
            return;
        // A peer that is told to leave still gets what was published before.
        if (close.DropQueued)
            Writer.CompleteAdding();
        else
            Writer.EndWaits();
        EndDelay();
        _handler.OnClosing();
        _transport.Transport.Input.CancelPendingRead();
    }

    void IWriterOwner.OnSlow(CloseStatus status) => RequestClose(CloseRequest.SlowConsumer(status));

    void IWriterOwner.OnOverflow(string policy, ChannelName channel, long dropped) => _services.Audit.Slow(Audited, policy, channel, dropped);

    void IWriterOwner.OnPresenceDropped() => _handler.OnPresenceDropped();

    void IWriterOwner.OnGap(Subscription subscription) => _handler.OnGap(subscription);

    /// <summary>Completes when the connection is over and nothing of it is left.</summary>
    /// <param name="answer">The answer to the upgrade, where it was not sent before.</param>
    public Task RunAsync(ReadOnlyMemory<byte> answer = default)
    {
        // Entered before the client can know that it is connected. The drain begins by saying so and then closes who is entered, so
        // one of the two sees the other.
        _services.Connections.Add(this);
        _services.Audit.Connected(Audited);
        if (_services.Readiness.IsDraining)
            RequestClose(CloseRequest.Restarting(0));
        return ReadToEndAsync(OpenAsync(answer));
    }

    private async ValueTask<bool> OpenAsync(ReadOnlyMemory<byte> answer)
    {
        if (!await _output.SendAsync(answer))
            return false;
        await _handler.OnOpenAsync();
        await Writer.FlushAsync();
        return true;
    }

    /// <summary>The read loop. Its locals are memory of every idle connection: what does not outlive a read is in <see cref="OnReadAsync"/>.</summary>
    private async Task ReadToEndAsync(ValueTask<bool> open)
    {
        bool vanished = false;
        try
        {
            vanished = !await open;
            while (!vanished && !IsClosing && _peerClose is null)
                vanished = !await OnReadAsync(await _transport.Transport.Input.ReadAsync());
        }
        catch (Exception failure) when (IsVanished(failure))
        {
            vanished = true;
        }
        catch (Exception failure)
        {
            Fail(failure);
        }
        await EndAsync(vanished);
    }

    /// <summary>Handles what was read, and sends the replies. Its state is pooled: it waits only where a message takes its time.</summary>
    /// <returns>False when the client has vanished.</returns>
    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<bool> OnReadAsync(ReadResult result)
    {
        var buffer = result.Buffer;
        if (!buffer.IsEmpty)
        {
            _lastReceived = _services.Clock.Now;
            _services.Metrics.ReceivedBytes(buffer.Length);
        }
        try
        {
            while (true)
            {
                var pending = Handle(ref buffer, out bool more);
                if (!pending.IsCompletedSuccessfully)
                    await pending;
                if (!more)
                    break;
            }
        }
        catch (Exception failure) when (!IsVanished(failure))
        {
            // Caught here, with the input in order, so that the close frame and its answer go their usual way.
            Fail(failure);
        }
        // Our close frame and the peer's may cross: what is left may hold its answer, or the beginning of a frame that goes on later.
        if (IsClosing)
            _answered = FindClose(ref buffer);
        _transport.Transport.Input.AdvanceTo(result.Buffer.End);
        if (_posted is { IsEmpty: false })
            await DoPostedAsync();
        var flushed = Writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
            await flushed;
        return !result.IsCompleted || IsClosing || _peerClose is not null;
    }

    private void Fail(Exception failure)
    {
        LogFailure(_services.Log, failure, Id);
        RequestClose(CloseRequest.InternalError);
    }

    /// <summary>Handles the frames of the buffer, up to one whose handling has to be awaited.</summary>
    /// <param name="buffer">What is left to handle.</param>
    /// <param name="more">Whether to call again after awaiting.</param>
    private ValueTask Handle(ref ReadOnlySequence<byte> buffer, out bool more)
    {
        more = true;
        long now = _services.Rates.Now;
        while (!IsClosing)
        {
            var frame = ReadFrame(ref buffer);
            if (frame.Kind is FrameKind.NeedMoreData)
            {
                more = false;
                return default;
            }
            if (frame.Kind is FrameKind.Close)
            {
                _peerClose = frame.Status;
                more = false;
                return default;
            }
            var handled = frame.Kind is FrameKind.Violation || TryPay(now, out long wait)
                ? HandleFrame(frame)
                : OnOverRate(frame, now, wait);
            if (!handled.IsCompletedSuccessfully)
                return handled;
            if (Writer.HasManyReplies)
            {
                var flushed = Writer.FlushAsync();
                if (!flushed.IsCompletedSuccessfully)
                    return flushed;
            }
        }
        more = false;
        return default;
    }

    private ValueTask HandleFrame(ReceivedFrame frame)
    {
        switch (frame.Kind)
        {
            case FrameKind.Text or FrameKind.Binary:
                return _handler.OnMessageAsync(frame.Kind, frame.Payload);
            case FrameKind.Ping:
                Writer.Pong(frame.Payload.Span);
                break;
            case FrameKind.Pong:
                Answered();
                break;
            case FrameKind.Violation:
                RequestClose(CloseRequest.Violation(frame.Status));
                break;
        }
        return default;
    }

    /// <summary>A peer that went away, in whatever manner, is not an error.</summary>
    private static bool IsVanished(Exception failure) => failure is ConnectionResetException or ConnectionAbortedException or IOException or OperationCanceledException;

    [LoggerMessage(10, LogLevel.Error, "Connection {Connection} failed and is closed with 1011.")]
    private static partial void LogFailure(ILogger log, Exception failure, string connection);
}
