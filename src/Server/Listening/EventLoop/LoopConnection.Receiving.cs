using System.Buffers;
using Gateway.Server.Connections;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Listening.EventLoop;

/// <content>
/// How bytes come in: the loop pushes them, out of its own buffer. Before the handshake it only peeks, so that whoever is to have the
/// connection finds all of it. While something is being handled elsewhere nothing is read, and the peer has to wait.
/// </content>
internal sealed partial class LoopConnection
{
    /// <summary>Reads of one connection in a turn: more, and one busy connection would hold up the others of its loop.</summary>
    private const int ReadsPerTurn = 16;

    /// <summary>Of the connection's input. For the loop's thread.</summary>
    [Flags]
    private enum InputState : byte
    {
        /// <summary>There may be something to read.</summary>
        Readable = 1,

        /// <summary>Behind what there is to read, the peer has ended its side.</summary>
        PeerEnded = 2,

        /// <summary>What came is being handled elsewhere, until that is posted.</summary>
        Busy = 4,

        /// <summary>The rest is read in the loop's next turn.</summary>
        Again = 8,

        /// <summary>The receiver is to be called in any case.</summary>
        Woken = 16,

        /// <summary>The end of the peer's side was read.</summary>
        Ended = 32,

        /// <summary>The system has given the connection up.</summary>
        Lost = 64,

        /// <summary>The descriptor is closed, or another's.</summary>
        Closed = 128,
    }

    /// <summary>
    /// Hands the connection its input from now on. Completes when the connection has opened: at its end the loop closes the socket.
    /// </summary>
    public async Task RunAsync(IConnectionReceiver connection, ValueTask<bool> opened)
    {
        Exception? failure = null;
        _loop.BeginRun();
        try
        {
            if (await opened.ConfigureAwait(false))
            {
                Begin(connection);
                return;
            }
        }
        catch (Exception caught)
        {
            failure = caught;
        }
        _ = EndAsync(connection, failure);
    }

    public Task ReceiveAsync(IInputReceiver receiver)
    {
        var receiving = new AwaitedReceiver(receiver);
        Begin(receiving);
        return receiving.Task;
    }

    public void Wake() => Post(Wakes);

    private void Begin(IInputReceiver receiver)
    {
        Volatile.Write(ref _receiver, receiver);
        Post(Receives);
    }

    /// <summary>Hands on what there is, as far as it is this connection's turn.</summary>
    private void Receive()
    {
        for (int steps = 0; (_input & InputState.Busy) == 0; steps++)
        {
            if (steps == ReadsPerTurn)
            {
                _input |= InputState.Again;
                _loop.Again(this);
                return;
            }
            if (_receiver is { } receiver ? !TryPush(receiver) : !TryPeek())
                return;
        }
    }

    /// <returns>Whether there may be more.</returns>
    private bool TryPush(IInputReceiver receiver)
    {
        if ((_input & (InputState.Lost | InputState.Closed)) != 0)
        {
            Finish(receiver, new ConnectionResetException("The connection was lost."));
            return false;
        }
        if ((_input & (InputState.Woken | InputState.Ended)) != 0)
        {
            _input &= ~InputState.Woken;
            Push(receiver, default);
            return true;
        }
        var input = Read();
        if (!input.IsEmpty)
            Push(receiver, input);
        return (_input & (InputState.Readable | InputState.Ended | InputState.Lost)) != 0;
    }

    /// <returns>Whether there may be more.</returns>
    private bool TryPeek()
    {
        if (!_peeks || (_input & (InputState.Readable | InputState.Closed)) != InputState.Readable)
            return false;
        var input = Read();
        if (input.IsEmpty)
        {
            if ((_input & (InputState.Ended | InputState.Lost)) != 0)
                Close();
            return false;
        }
        _input |= InputState.Readable;
        var decided = _owner.OnPeekedAsync(this, input);
        if (!decided.IsCompletedSuccessfully)
        {
            _loop.Buffer.Keep(input.Length);
            _input |= InputState.Busy;
            _ = ResumeAfterAsync(decided);
            return false;
        }
        if (!_peeks)
            return true;
        // Nothing was taken: only more input makes a difference.
        _input &= ~InputState.Readable;
        if ((_input & (InputState.PeerEnded | InputState.Closed)) == InputState.PeerEnded)
            Close();
        return false;
    }

    /// <summary>Reads into the loop's buffer, and notes what is known of the input then.</summary>
    /// <returns>Empty where there is nothing to read.</returns>
    private Memory<byte> Read()
    {
        if ((_input & InputState.Readable) == 0)
            return default;
        var buffer = _loop.Buffer.Free;
        int count = Libc.Receive(Descriptor, buffer.Span, _peeks);
        if (count > 0)
        {
            // A read that leaves room has taken all there was. The end of the peer's side is found by one more.
            if (count < buffer.Length && (_input & InputState.PeerEnded) == 0)
                _input &= ~InputState.Readable;
            return buffer[..count];
        }
        if (count == 0)
            _input = (_input & ~InputState.Readable) | InputState.Ended;
        else if (Libc.Error is var error && error == Libc.WouldBlock)
            _input &= ~InputState.Readable;
        else if (error != Libc.Interrupted)
            _input = (_input & ~InputState.Readable) | InputState.Lost;
        return default;
    }

    private void Push(IInputReceiver receiver, Memory<byte> input)
    {
        bool isCompleted = (_input & InputState.Ended) != 0;
        try
        {
            var handled = receiver.OnInputAsync(new ReadOnlySequence<byte>(input));
            if (!handled.IsCompletedSuccessfully)
            {
                _loop.Buffer.Keep(input.Length);
                _input |= InputState.Busy;
                _ = ContinueAsync(receiver, handled, isCompleted);
                return;
            }
            var consumed = receiver.OnConsumedAsync(isCompleted);
            if (!consumed.IsCompletedSuccessfully)
            {
                _input |= InputState.Busy;
                _ = ContinueAsync(receiver, consumed);
                return;
            }
            if (!consumed.Result || isCompleted)
                Finish(receiver, null);
        }
        catch (Exception failure)
        {
            Finish(receiver, failure);
        }
    }

    private async Task ContinueAsync(IInputReceiver receiver, ValueTask handled, bool isCompleted)
    {
        ValueTask<bool> consumed;
        try
        {
            await handled.ConfigureAwait(false);
            consumed = receiver.OnConsumedAsync(isCompleted);
        }
        catch (Exception failure)
        {
            consumed = ValueTask.FromException<bool>(failure);
        }
        await ContinueAsync(receiver, consumed).ConfigureAwait(false);
    }

    private async Task ContinueAsync(IInputReceiver receiver, ValueTask<bool> consumed)
    {
        try
        {
            if (!await consumed.ConfigureAwait(false))
                Finish(receiver, null);
        }
        catch (Exception failure)
        {
            Finish(receiver, failure);
        }
        Post(Resumes);
    }

    private async Task ResumeAfterAsync(ValueTask decided)
    {
        try
        {
            await decided.ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            _loop.Failed(failure, Activity);
            Abort();
        }
        Post(Resumes);
    }

    /// <summary>The receiver gets nothing more.</summary>
    private void Finish(IInputReceiver receiver, Exception? failure)
    {
        Volatile.Write(ref _receiver, null);
        if (receiver is IConnectionReceiver connection)
            _ = EndAsync(connection, failure);
        else
            ((AwaitedReceiver)receiver).Complete(failure);
    }

    private async Task EndAsync(IConnectionReceiver connection, Exception? failure)
    {
        try
        {
            if (failure is not null)
                connection.OnFailure(failure);
            await connection.OnEndAsync().ConfigureAwait(false);
        }
        catch (Exception unexpected)
        {
            _loop.Failed(unexpected, Activity);
        }
        finally
        {
            _loop.EndRun();
        }
        Close();
    }

    /// <summary>
    /// Reads and drops what has come: closing a socket with unread input resets it, and what was sent last could be lost.
    /// </summary>
    private void DiscardInput()
    {
        var buffer = _loop.Buffer.Free;
        for (int reads = 0; reads < ReadsPerTurn && Libc.Receive(Descriptor, buffer.Span, peek: false) > 0; reads++)
            continue;
    }
}
