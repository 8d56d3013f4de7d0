using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Clock;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Listening;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Gateway.Server.Connections;

/// <content>
/// How a connection ends. A close frame must not be lost to a reset, which is what the kernel sends when a socket is closed
/// with unread input. So after our close frame the input is read and dropped until the peer answers or leaves, and the
/// transport is given up only when its output has been sent, each step with a deadline. After a violation nobody waits for an
/// answer: this side of the stream ends, which every client takes for the end, and the input is dropped until the peer ends its own.
/// </content>
internal sealed partial class Connection
{
    /// <summary>What the clock does when <see cref="_deadline"/> passes.</summary>
    private enum Phase : byte
    {
        /// <summary>Open: pings, and closes the silent.</summary>
        Open,

        /// <summary>Our close frame waits for its answer: go on without one.</summary>
        AwaitingAnswer,

        /// <summary>Output is being sent, or the socket closed: abort.</summary>
        Finishing,
    }

    /// <summary>A mobile client with a bad link answers in a second or two; one that has not by then is not waited for.</summary>
    private const long AnswerMilliseconds = 2_000;

    /// <summary>For a peer that stopped reading to take its last frames, above all the 4008 that tells it why.</summary>
    public const int FinishMilliseconds = 10_000;

    /// <summary>What is read and dropped of a peer that goes on sending: more than any message that was on its way. Then it is cut.</summary>
    private const long MaxDiscardedBytes = 32 << 20;

    /// <summary>Of a message that is too large, before its sender is told.</summary>
    private const long MaxPassedOverBytes = MaxDiscardedBytes / 2;

    /// <summary>The rest of a message that is too large is not waited for when nothing of it has come for so long.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private static readonly ConnectionAbortedException Stopping = new("The node stops.");

    private static readonly ConnectionAbortedException FloodAfterClose = new("The peer went on sending after the end.");

    private Phase _phase;
    private long _deadline;

    /// <summary>Ends the connection without waiting for the peer, whatever it has come to. From any thread.</summary>
    public void Abort()
    {
        _transport.Abort(Stopping);
        Writer.Abort();
    }

    private async Task EndAsync(bool vanished)
    {
        // Whoever made the last read return, a fan-out or the clock, has other work than this connection's end.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        int code = vanished ? 1006 : (int)(_peerClose ?? _close!.Status).Code;
        try
        {
            if (_peerClose is not null)
                await _handler.FinishAsync();
            else if (_close is { DropQueued: false, HalfCloses: false })
                await _handler.AnswerPublishesAsync();
            _handler.OnClosed(code);
            if (!vanished)
                await CloseAsync();
        }
        catch (Exception failure) when (IsVanished(failure))
        {
            // The peer left without waiting for the end.
        }
        catch (Exception failure)
        {
            LogFailure(_services.Log, failure, Id);
        }
        finally
        {
            Writer.Abort();
            _frames.Dispose();
            _services.Connections.Remove(this);
            Lease.Dispose();
            _services.Audit.Disconnected(Audited, code, vanished || _peerClose is not null ? null : _close!.Status.Reason);
        }
    }

    private async Task CloseAsync()
    {
        if (_frames.IsPassingOver)
            await PassOverAsync();
        if (_peerClose is { } answer)
            Writer.Close([], answer, drop: false);
        else
            SendDisconnect(_close!);
        Enter(Phase.Finishing, FinishMilliseconds);
        await Writer.DrainedAsync();
        // Before the stream ends: a client that comes back when it has seen the end finds its place free.
        Lease.Dispose();
        if (_peerClose is null && !_answered)
            await AwaitPeerAsync();
        // Where TLS or the HTTP server stands between, it closes the socket when we return; ours closes when its output completes.
        Enter(Phase.Finishing, FinishMilliseconds);
        await _transport.Transport.Output.CompleteAsync();
        if (_transport is not UpgradedConnection && _transport.Features.Get<ITlsHandshakeFeature>() is null)
            await DiscardAsync(static _ => false);
    }

    private void SendDisconnect(CloseRequest close)
    {
        var message = new ArrayBufferWriter<byte>(256);
        _handler.WriteDisconnect(message, close);
        Writer.Close(message.WrittenSpan, close.Status, close.DropQueued);
    }

    /// <summary>Waits until the peer has answered our close frame or ended its side, or until it is late.</summary>
    private async Task AwaitPeerAsync()
    {
        if (!_close!.HalfCloses)
        {
            Enter(Phase.AwaitingAnswer, AnswerMilliseconds);
            // Behind a violation, such as a message too large that was on its way, no answer would be found.
            if (await DiscardAsync(_ => _frames.HasEnded || IsLate) || !_frames.HasEnded)
                return;
        }
        Enter(Phase.Finishing, FinishMilliseconds);
        await HalfCloseAsync();
        await DiscardAsync(static _ => false);
    }

    /// <summary>
    /// Lets a message that is too large come to its end, as long as it comes. A browser sends nothing more once it has read a close
    /// frame, and if a part of its page's message is left then, it calls the close unclean.
    /// </summary>
    private async Task PassOverAsync()
    {
        Enter(Phase.AwaitingAnswer, AnswerMilliseconds);
        long before = 0;
        var pause = WakeAfter(Pause);
        await DiscardAsync(discarded =>
        {
            if (!_frames.IsPassingOver || IsLate || discarded > MaxPassedOverBytes)
                return true;
            if (!pause.IsCompleted)
                return false;
            bool hasPaused = discarded == before;
            (before, pause) = (discarded, WakeAfter(Pause));
            return hasPaused;
        });
    }

    /// <summary>Completes after a while, and then cancels the read.</summary>
    private Task WakeAfter(TimeSpan time)
    {
        var wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _services.Delays.Add(wake, time);
        var input = _transport.Transport.Input;
        _ = wake.Task.ContinueWith(_ => input.CancelPendingRead(), TaskScheduler.Default);
        return wake.Task;
    }

    /// <summary>
    /// Ends this side of the stream and leaves the other open. Called while nothing is read: what TLS keeps of a connection takes one
    /// call at a time.
    /// </summary>
    private async ValueTask HalfCloseAsync()
    {
        try
        {
            if (_transport.Features.Get<ISslStreamFeature>() is { } tls)
                await tls.SslStream.ShutdownAsync();
            _transport.Features.Get<IConnectionSocketFeature>()?.Socket.Shutdown(SocketShutdown.Send);
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or InvalidOperationException)
        {
            // The peer has left, as the next read says.
        }
    }

    /// <summary>Reads and drops input until it ends, or until the peer's close frame.</summary>
    /// <param name="isOver">Asked before every read, with the bytes dropped so far.</param>
    /// <returns>False when it was over before.</returns>
    private async Task<bool> DiscardAsync(Func<long, bool> isOver)
    {
        for (long discarded = 0; !isOver(discarded);)
        {
            var result = await _transport.Transport.Input.ReadAsync();
            var buffer = result.Buffer;
            discarded += buffer.Length;
            bool answered = FindClose(ref buffer);
            _transport.Transport.Input.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted || answered)
                return true;
            if (discarded > Math.Max(MaxDiscardedBytes, _services.Options.Limits.MessageBytes))
            {
                _transport.Abort(FloodAfterClose);
                return true;
            }
        }
        return false;
    }

    private bool FindClose(ref ReadOnlySequence<byte> buffer)
    {
        while (true)
        {
            var frame = _frames.Read(ref buffer);
            if (frame.IsClose)
                return true;
            if (frame.Kind is FrameKind.NeedMoreData or FrameKind.Violation)
                return false;
        }
    }

    private bool IsLate => _services.Clock.Now >= Volatile.Read(ref _deadline);

    private void Enter(Phase phase, long milliseconds)
    {
        Volatile.Write(ref _deadline, _services.Clock.Now + milliseconds);
        _phase = phase;
    }
}
