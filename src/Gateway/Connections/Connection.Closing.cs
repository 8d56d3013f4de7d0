using System.Buffers;
using System.IO.Pipelines;
using Gateway.Http;
using Gateway.Protocol.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Connections;

/// <content>
/// How a connection ends. A close frame must not be lost to a reset, which is what the kernel sends when a socket is closed
/// with unread input. So after our close frame the input is read and dropped until the peer answers or leaves, and the
/// transport is given up only when its output has been sent, each step with a deadline of the one clock.
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

    private static readonly ConnectionAbortedException Stopping = new("The node stops.");

    private static readonly ConnectionAbortedException Stubborn = new("The peer went on sending after the end.");

    private Phase _phase;
    private long _deadline;

    /// <summary>Ends the connection without waiting for the peer, whatever it has come to. From any thread.</summary>
    public void Abort()
    {
        _transport.Abort(Stopping);
        Outbox.Abandon();
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
            Outbox.Abandon();
            _frames.Dispose();
            _services.Connections.Remove(this);
            Lease.Dispose();
            _services.Audit.Disconnected(Lease, code, vanished || _peerClose is not null ? null : _close!.Status.Reason);
        }
    }

    private async Task CloseAsync()
    {
        if (_peerClose is { } answer)
            Outbox.Close([], answer, drop: false);
        else
            SayGoodbye(_close!);
        Enter(Phase.Finishing, FinishMilliseconds);
        await Outbox.DrainedAsync();
        if (_peerClose is null && !_answered)
        {
            Enter(Phase.AwaitingAnswer, AnswerMilliseconds);
            await DiscardAsync(untilAnswered: true);
        }
        // Where TLS or the HTTP server stands between, it closes the socket when we return; ours closes when its output completes.
        Enter(Phase.Finishing, FinishMilliseconds);
        await _transport.Transport.Output.CompleteAsync();
        if (_transport is not UpgradedConnection && _transport.Features.Get<ITlsHandshakeFeature>() is null)
            await DiscardAsync(untilAnswered: false);
    }

    private void SayGoodbye(CloseRequest close)
    {
        var farewell = new ArrayBufferWriter<byte>(256);
        _handler.WriteFarewell(farewell, close);
        Outbox.Close(farewell.WrittenSpan, close.Status, close.DropQueued);
    }

    /// <summary>Reads and drops input until it ends, or until the peer's close frame or the deadline.</summary>
    private async Task DiscardAsync(bool untilAnswered)
    {
        for (long discarded = 0; ;)
        {
            var result = await _transport.Transport.Input.ReadAsync();
            var buffer = result.Buffer;
            discarded += buffer.Length;
            bool answered = untilAnswered && FindClose(ref buffer);
            _transport.Transport.Input.AdvanceTo(result.Buffer.End);
            if (discarded > Math.Max(MaxDiscardedBytes, _services.Options.Limits.MessageBytes))
            {
                _transport.Abort(Stubborn);
                return;
            }
            if (result.IsCompleted || answered || (untilAnswered && result.IsCanceled && IsLate))
                return;
        }
    }

    private bool FindClose(ref ReadOnlySequence<byte> buffer)
    {
        while (true)
        {
            var kind = _frames.Read(ref buffer).Kind;
            // After a violation the reader only discards: such a peer is waited for until it leaves.
            if (kind is FrameKind.Close or FrameKind.Violation)
                return true;
            if (kind is FrameKind.NeedMoreData)
                return false;
        }
    }

    private bool IsLate => _services.Sweep.Now >= Volatile.Read(ref _deadline);

    private void Enter(Phase phase, long milliseconds)
    {
        Volatile.Write(ref _deadline, _services.Sweep.Now + milliseconds);
        _phase = phase;
    }
}
