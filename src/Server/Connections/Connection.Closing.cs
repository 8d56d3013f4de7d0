using System.Buffers;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Connections.Sending;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Connections;

/// <content>How a connection ends.</content>
internal sealed partial class Connection
{
    /// <summary>For a peer that stopped reading to take its last frames, above all the 4008 that says why.</summary>
    public const int FinishMilliseconds = 10_000;

    private static readonly ConnectionAbortedException Stopping = new("The node stops.");

    private async Task EndAsync(bool vanished)
    {
        // The last call came from somebody with other work than this connection's end: a fan-out, the clock, an event loop.
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        int code = vanished ? 1006 : (int)(PeerClose ?? _close!.Status).Code;
        try
        {
            if (PeerClose is not null)
                await _dialect.FinishAsync().ConfigureAwait(false);
            else if (_close is { DropQueued: false, HalfCloses: false })
                await _dialect.AnswerPublishesAsync().ConfigureAwait(false);
            _dialect.OnClosed(code);
            if (!vanished)
                await new Closing(this).RunAsync().ConfigureAwait(false);
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
            _reader?.Frames.Dispose();
            _services.Connections.Remove(this);
            Lease.Dispose();
            _services.Audit.Disconnected(Audited, code, vanished || PeerClose is not null ? null : _close!.Status.Reason);
        }
    }

    private bool FindClose(ref ReadOnlySequence<byte> input)
    {
        while (true)
        {
            var frame = Reader.Frames.Read(ref input);
            if (frame.IsClose)
                return true;
            if (frame.Kind is FrameKind.NeedMoreData or FrameKind.Violation)
                return false;
        }
    }

    /// <summary>
    /// The end of one connection: last words, the peer's answer, and the end of the stream, each with a deadline. An object of its own, so
    /// that an open connection holds nothing for it. Run by the read loop; the clock looks at its deadline.
    /// </summary>
    /// <remarks>
    /// A close frame must not be lost to a reset, which is what the kernel sends when a socket is closed with unread input. So after our
    /// close frame the input is read and dropped until the peer answers or leaves, and the transport is given up only when its output has
    /// been sent. After a violation nobody waits for an answer: this side of the stream ends, which every client takes for the end, and the
    /// input is dropped until the peer ends its own.
    /// </remarks>
    private sealed class Closing(Connection connection) : IInputReceiver
    {
        /// <summary>A mobile client with a bad link answers in a second or two; one that has not by then is not waited for.</summary>
        private const long AnswerMilliseconds = 2_000;

        /// <summary>
        /// Bytes read and dropped of a peer that goes on sending: more than any message that was on its way. Then the connection is
        /// aborted.
        /// </summary>
        private const long MaxDiscardedBytes = 32 << 20;

        /// <summary>Bytes of a message that is too large, before its sender is told.</summary>
        private const long MaxPassedOverBytes = MaxDiscardedBytes / 2;

        /// <summary>The rest of a message that is too large is not waited for when nothing of it has come for so long.</summary>
        private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

        private static readonly Func<bool> Never = static () => false;

        private static readonly ConnectionAbortedException FloodAfterClose = new("The peer went on sending after the end.");

        private static readonly ConnectionAbortedException CloseTimedOut =
            new("The peer did not take the end of the connection in time.");

        private readonly ITransport _transport = connection._transport;
        private long _deadline = long.MaxValue;
        private long _discarded;
        private Func<bool> _isOver = Never;
        private bool _isAwaitingAnswer;
        private bool _hasEnded;

        private bool HasReaderEnded => connection.Reader.Frames.HasEnded;

        private bool IsLate => connection._services.Clock.Now >= Volatile.Read(ref _deadline);

        public async Task RunAsync()
        {
            Volatile.Write(ref connection._closing, this);
            connection.Hasten();
            if (connection.Reader.Frames.IsPassingOver)
                await PassOverAsync().ConfigureAwait(false);
            if (connection.PeerClose is { } answer)
                connection.Writer.Close(default, answer, drop: false);
            else
                SendDisconnect(connection._close!);
            ExpectFinish();
            await connection.Writer.DrainedAsync().ConfigureAwait(false);
            // Before the stream ends: a client that comes back when it has seen the end finds its place free.
            connection.Lease.Dispose();
            if (connection.PeerClose is null && !connection.Reader.IsAnswered)
                await AwaitPeerAsync(connection._close!).ConfigureAwait(false);
            ExpectFinish();
            await _transport.EndOutputAsync().ConfigureAwait(false);
            if (_transport.ClosesWhenOutputEnds)
                await DiscardAsync(Never).ConfigureAwait(false);
        }

        /// <summary>Looks at the deadline. Called by the clock.</summary>
        public void OnTick()
        {
            if (!IsLate)
                return;
            if (Volatile.Read(ref _isAwaitingAnswer))
            {
                _transport.Wake();
                return;
            }
            _transport.Abort(CloseTimedOut);
            connection.Writer.Abort();
        }

        ValueTask IInputReceiver.OnInputAsync(ReadOnlySequence<byte> input)
        {
            _discarded += input.Length;
            _hasEnded = connection.FindClose(ref input);
            return default;
        }

        ValueTask<bool> IInputReceiver.OnConsumedAsync(bool isCompleted)
        {
            _hasEnded |= isCompleted;
            if (!_hasEnded && _discarded > Math.Max(MaxDiscardedBytes, connection._services.Options.Limits.MessageBytes))
            {
                _transport.Abort(FloodAfterClose);
                _hasEnded = true;
            }
            return new ValueTask<bool>(!_hasEnded && !_isOver());
        }

        private void SendDisconnect(CloseRequest close)
        {
            var message = new ArrayBufferWriter<byte>(256);
            connection._dialect.WriteDisconnect(message, close);
            var last = new Reply { Type = MessageType.Disconnect, Message = message.WrittenSpan, RetryAfter = close.RetryAfter };
            connection.Writer.Close(last, close.Status, close.DropQueued);
        }

        /// <summary>Waits until the peer has answered our close frame or ended its side, or until it is late.</summary>
        private async Task AwaitPeerAsync(CloseRequest close)
        {
            if (!close.HalfCloses)
            {
                ExpectAnswer();
                // Behind a violation, such as a message too large that was on its way, no answer would be found.
                if (await DiscardAsync(() => HasReaderEnded || IsLate).ConfigureAwait(false) || !HasReaderEnded)
                    return;
            }
            ExpectFinish();
            await _transport.HalfCloseAsync().ConfigureAwait(false);
            await DiscardAsync(Never).ConfigureAwait(false);
        }

        /// <summary>
        /// Lets a message that is too large come to its end, as long as it comes. A browser sends nothing more once it has read a close
        /// frame, and if a part of its page's message is left then, it calls the close unclean.
        /// </summary>
        private async Task PassOverAsync()
        {
            ExpectAnswer();
            long before = 0;
            var pause = WakeAfter(Pause);
            await DiscardAsync(() =>
            {
                if (!connection.Reader.Frames.IsPassingOver || IsLate || _discarded > MaxPassedOverBytes)
                    return true;
                if (!pause.IsCompleted)
                    return false;
                bool hasPaused = _discarded == before;
                (before, pause) = (_discarded, WakeAfter(Pause));
                return hasPaused;
            }).ConfigureAwait(false);
        }

        /// <summary>Completes after a while, and then has the transport call.</summary>
        private Task WakeAfter(TimeSpan time)
        {
            var wake = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            connection._services.Delays.Add(wake, time);
            _ = wake.Task.ContinueWith(_ => _transport.Wake(), TaskScheduler.Default);
            return wake.Task;
        }

        /// <summary>Reads and drops input until it ends, or until the peer's close frame.</summary>
        /// <param name="isOver">Asked before every read.</param>
        /// <returns>False when it was over before.</returns>
        private async Task<bool> DiscardAsync(Func<bool> isOver)
        {
            (_discarded, _hasEnded, _isOver) = (0, false, isOver);
            if (!isOver())
                await _transport.ReceiveAsync(this).ConfigureAwait(false);
            return _hasEnded;
        }

        /// <summary>The peer has a while to answer; then the connection goes on without an answer.</summary>
        private void ExpectAnswer() => Expect(AnswerMilliseconds, isAnswer: true);

        /// <summary>Output is being sent, or the socket closed, for a while; then the connection is aborted.</summary>
        private void ExpectFinish() => Expect(FinishMilliseconds, isAnswer: false);

        private void Expect(long milliseconds, bool isAnswer)
        {
            // The clock reads in the other order: with the new kind of deadline it may still see the old time, which only was earlier for a
            // connection that was late anyway; so the time is put off first.
            Volatile.Write(ref _deadline, long.MaxValue);
            Volatile.Write(ref _isAwaitingAnswer, isAnswer);
            Volatile.Write(ref _deadline, connection._services.Clock.Now + milliseconds);
        }
    }
}
