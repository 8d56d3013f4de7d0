namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// One loop's share in a listening socket, which all loops wait for. Level-triggered: what one loop leaves in the queue is reported to the
/// next that looks.
/// </summary>
internal sealed class LoopAcceptor(int descriptor, Loop loop, LoopListener listener, SpareDescriptor spare)
    : LoopHandle(descriptor), ILoopWork
{
    /// <summary>Sockets accepted in a turn: more, and a storm of them would hold up those that are connected.</summary>
    private const int AcceptsPerTurn = 16;

    private const int NoFile = 24, NoFileInSystem = 23, NoMemory = 12;

    private readonly byte[] _address = new byte[PeerAddress.MaxBytes];
    private readonly PeerAddress _peers = new();
    private readonly TaskCompletionSource _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isStopping;

    public override string Activity => "accepting";

    /// <summary>Completes when the loop waits for sockets.</summary>
    public Task StartAsync()
    {
        loop.Post(this);
        return _started.Task;
    }

    /// <summary>Completes when the loop accepts no more, so that the listening socket can be closed.</summary>
    public Task StopAsync()
    {
        if (loop.Ended.IsCompleted)
            return Task.CompletedTask;
        Volatile.Write(ref _isStopping, true);
        loop.Post(this);
        return Task.WhenAny(_stopped.Task, loop.Ended);
    }

    public void Execute()
    {
        if (Volatile.Read(ref _isStopping))
        {
            loop.Remove(this);
            _stopped.TrySetResult();
        }
        else if (loop.TryAdd(this, ReadyEvents.Readable | ReadyEvents.Exclusive))
        {
            _started.TrySetResult();
        }
        else
        {
            _started.TrySetException(new IOException("The system does not let the event loop wait for sockets."));
        }
    }

    public override void OnReady(ReadyEvents events)
    {
        for (int accepts = 0; accepts < AcceptsPerTurn; accepts++)
        {
            int length = _address.Length;
            int accepted = Libc.Accept(Descriptor, ref _address[0], ref length, Libc.NonBlocking | Libc.CloseOnExec);
            if (accepted >= 0)
                listener.OnAccepted(accepted, _peers.Read(_address));
            else if (!IsPassing(Libc.Error))
                return;
        }
    }

    /// <summary>The listening socket is as it was, and its next event tries again.</summary>
    public override void OnFailed()
    {
    }

    public override void OnStopping() => loop.Remove(this);

    /// <summary>Whether another one may be accepted although this one was not.</summary>
    private bool IsPassing(int error)
    {
        switch (error)
        {
            case Libc.WouldBlock:
                return false;
            case NoFile or NoFileInSystem or NoMemory or Libc.NoBuffers:
                if (!spare.TryRefuse(Descriptor))
                    return false;
                listener.OnRefused();
                return true;
            default:
                // One that is gone again, or whose network reported an error; accept tells it instead of the next.
                return true;
        }
    }
}
