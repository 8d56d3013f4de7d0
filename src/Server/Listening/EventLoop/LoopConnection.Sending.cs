using Gateway.Server.Connections.Sending;

namespace Gateway.Server.Listening.EventLoop;

/// <content>How bytes leave: by the thread that has them, and where the peer's window is full, by the loop when there is room
/// again.</content>
internal sealed partial class LoopConnection : IOutput
{
    public int TrySend(ReadOnlySpan<byte> bytes)
    {
        if (!TryEnter())
            return -1;
        int sent = Libc.Send(Descriptor, bytes);
        int error = sent < 0 ? Libc.Error : 0;
        Leave();
        return error switch
        {
            0 => sent,
            Libc.WouldBlock or Libc.NoBuffers or Libc.Interrupted => 0,
            _ => -1,
        };
    }

    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        int sent = TrySend(bytes.Span);
        if (sent < 0 || sent == bytes.Length)
            return new ValueTask<bool>(sent >= 0);
        var pending = PendingSend.Rent(bytes[sent..]);
        var task = pending.Task;
        Interlocked.Exchange(ref _pending, pending);
        ContinueSending();
        return task;
    }

    public ValueTask HalfCloseAsync()
    {
        if (TryEnter())
        {
            Libc.ShutdownSend(Descriptor);
            Leave();
        }
        return default;
    }

    public ValueTask EndOutputAsync() => HalfCloseAsync();

    private void OnWritable()
    {
        // The loop sets the flag before it looks for a send; a send that found no room is put back before its thread looks at the flag. So
        // one of them sees the other.
        Volatile.Write(ref _isWritable, true);
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _pending) is not null)
            ContinueSending();
    }

    /// <summary>
    /// Sends what waits. The sender calls it once, and the loop whenever there is room; whoever takes the send has it alone.
    /// </summary>
    private void ContinueSending()
    {
        while (Interlocked.Exchange(ref _pending, null) is { } pending)
        {
            Volatile.Write(ref _isWritable, false);
            int sent;
            do
            {
                sent = TrySend(pending.Rest.Span);
                pending.Rest = pending.Rest[Math.Max(sent, 0)..];
            }
            while (sent > 0 && !pending.Rest.IsEmpty);
            if (sent < 0 || pending.Rest.IsEmpty)
            {
                pending.Complete(sent >= 0);
                return;
            }
            Interlocked.Exchange(ref _pending, pending);
            if (IsClosing)
                FailPending();
            else if (!Volatile.Read(ref _isWritable))
                return;
        }
    }

    private void FailPending() => Interlocked.Exchange(ref _pending, null)?.Complete(false);

    private bool TryEnter()
    {
        for (int users = Volatile.Read(ref _users); users >= 0;)
        {
            int before = Interlocked.CompareExchange(ref _users, users + 1, users);
            if (before == users)
                return true;
            users = before;
        }
        return false;
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref _users) == Closing)
            Post(Closes);
    }
}
