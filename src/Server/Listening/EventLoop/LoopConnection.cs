using System.Net;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// An accepted socket of a loop. Its loop pushes what comes to the receiver. Sending, ending and closing are for any thread; one
/// thread sends at a time.
/// </summary>
/// <remarks>
/// The loop closes the descriptor, once nobody else is about to use it. A thread that sends counts itself as a user before; closing sets a bit
/// that lets no new user in. Whoever leaves as the last one, or sets the bit where there is no user, posts the closing to the loop. So a number
/// that the system gives to another file is never sent to.
/// </remarks>
internal sealed partial class LoopConnection : LoopHandle, ILoopWork
{
    /// <summary>Reads of one connection in a turn: more, and one busy connection would hold up the others of its loop.</summary>
    private const int ReadsPerTurn = 16;

    /// <summary>In <see cref="_users"/>: the connection is to be closed.</summary>
    private const int Closing = int.MinValue;

    /// <summary>What is posted, as bits of <see cref="_wanted"/>.</summary>
    private const int Starts = 1, Resumes = 2, Closes = 4;

    private readonly Loop _loop;
    private readonly ILoopConnectionOwner _owner;
    private ILoopReceiver _receiver;
    private PendingSend? _pending;
    private int _users;
    private int _wanted;
    private InputState _input;
    private bool _peeks;
    private bool _resets;
    private bool _isWritable;
    private readonly ushort _port;

    /// <summary>For the loop's thread.</summary>
    [Flags]
    private enum InputState : byte
    {
        /// <summary>There may be something to read.</summary>
        Readable = 1,

        /// <summary>Behind what there is to read, the peer has ended its side.</summary>
        PeerEnded = 2,

        /// <summary>What was received is being handled.</summary>
        Busy = 4,

        /// <summary>The rest is read in the loop's next turn.</summary>
        Again = 8,

        /// <summary>The receiver has heard of the end.</summary>
        Ended = 16,

        /// <summary>The descriptor is closed, or another's.</summary>
        Closed = 32,
    }

    /// <param name="loop">The loop it is to live on.</param>
    /// <param name="descriptor">A non-blocking socket, counted already.</param>
    /// <param name="peer">The other end.</param>
    /// <param name="owner">Hears of the end.</param>
    /// <param name="receiver">Takes what comes.</param>
    /// <param name="peeks">Whether what is received stays unread, until <see cref="StopPeeking"/>.</param>
    public LoopConnection(Loop loop, int descriptor, IPEndPoint peer, ILoopConnectionOwner owner, ILoopReceiver receiver, bool peeks)
        : base(descriptor)
    {
        _loop = loop;
        _owner = owner;
        _receiver = receiver;
        _peeks = peeks;
        _port = (ushort)peer.Port;
        Address = peer.Address;
        loop.Join();
    }

    /// <summary>The address of the other end.</summary>
    public IPAddress Address { get; }

    /// <summary>The other end, made when it is asked for.</summary>
    public IPEndPoint Peer => new(Address, _port);

    public override string Activity => $"the connection of {Peer} ({_receiver.GetType().Name})";

    private bool IsClosing => Volatile.Read(ref _users) < 0;

    /// <summary>Has the loop begin to receive. From any thread.</summary>
    public void Start() => Post(Starts);

    /// <summary>Has another one take what comes from now on. For the receiver, before its handling completes.</summary>
    public void SetReceiver(ILoopReceiver receiver) => _receiver = receiver;

    /// <summary>Takes the first bytes of what was peeked at, and from now on whatever is received. For the receiver, within its call.</summary>
    /// <param name="bytes">The beginning of what was received, which stays as it is.</param>
    public void StopPeeking(Memory<byte> bytes)
    {
        _peeks = false;
        for (int taken = 0; taken < bytes.Length;)
        {
            int count = Libc.Receive(Descriptor, bytes.Span[taken..], peek: false);
            if (count <= 0)
                return;
            taken += count;
        }
    }

    /// <summary>Gives the open descriptor to the owner. For the receiver, within its call and before anything was sent.</summary>
    public void Detach()
    {
        _loop.Remove(this);
        _loop.Leave();
        _input |= InputState.Closed | InputState.Ended;
        Interlocked.Or(ref _users, Closing);
        _owner.OnDetached(this);
    }

    /// <summary>Closes the connection behind what was sent. From any thread.</summary>
    public void Close()
    {
        if ((Interlocked.Or(ref _users, Closing) & ~Closing) == 0)
            Post(Closes);
    }

    /// <summary>Drops the connection, with what was not sent yet. From any thread.</summary>
    public void Abort()
    {
        Volatile.Write(ref _resets, true);
        Close();
    }

    public override void OnFailed() => Abort();

    public override void OnStopping() => Abort();

    public override void OnReady(ReadyEvents events)
    {
        if ((events & (ReadyEvents.Writable | ReadyEvents.HungUp | ReadyEvents.Failed)) != 0)
            OnWritable();
        if ((events & ~ReadyEvents.Writable) == 0)
            return;
        _input |= (events & ~(ReadyEvents.Writable | ReadyEvents.Readable)) == 0
            ? InputState.Readable
            : InputState.Readable | InputState.PeerEnded;
        if ((_input & InputState.Again) == 0)
            Receive();
    }

    void ILoopWork.Execute()
    {
        if ((_input & InputState.Again) != 0)
        {
            _input &= ~InputState.Again;
            Receive();
        }
        int wanted = Interlocked.Exchange(ref _wanted, 0);
        if ((wanted & Starts) != 0 && !IsClosing && !_loop.TryAdd(this, ReadyEvents.Connection))
            Abort();
        if ((wanted & Closes) != 0)
            CloseNow();
        if ((wanted & Resumes) != 0)
        {
            _input &= ~InputState.Busy;
            if ((_input & InputState.Closed) != 0)
                End(isLost: true);
            else
                Receive();
        }
    }

    private void Receive()
    {
        const InputState Mask = InputState.Readable | InputState.Busy | InputState.Ended | InputState.Closed;
        for (int reads = 0; (_input & Mask) == InputState.Readable; reads++)
        {
            if (reads == ReadsPerTurn)
            {
                _input |= InputState.Again;
                _loop.Again(this);
                return;
            }
            var buffer = _loop.Buffer.Free;
            int count = Libc.Receive(Descriptor, buffer.Span, _peeks);
            if (count > 0)
                Push(buffer, count);
            else if (count == 0)
                End(isLost: false);
            else if (Libc.Error is var error && error == Libc.WouldBlock)
                _input &= ~InputState.Readable;
            else if (error != Libc.Interrupted)
                End(isLost: true);
        }
    }

    private void Push(Memory<byte> buffer, int count)
    {
        // A read that leaves room has taken all there was. The end of the peer's side is found by one more.
        if (count < buffer.Length && (_input & InputState.PeerEnded) == 0)
            _input &= ~InputState.Readable;
        bool peeked = _peeks;
        var handled = _receiver.OnReceivedAsync(this, buffer[..count]);
        if (!handled.IsCompletedSuccessfully)
        {
            _loop.Buffer.Keep(count);
            _input |= InputState.Busy;
            _ = ResumeAfterAsync(handled);
        }
        else if (peeked && _peeks)
        {
            // Nothing was taken: only more input makes a difference.
            _input &= ~InputState.Readable;
            if ((_input & InputState.PeerEnded) != 0)
                End(isLost: false);
        }
        else if (peeked)
        {
            // What follows what was taken has been reported already.
            _input |= InputState.Readable;
        }
    }

    private async Task ResumeAfterAsync(ValueTask handled)
    {
        try
        {
            await handled;
        }
        catch (Exception failure)
        {
            _loop.Failed(failure, Activity);
            Abort();
        }
        Post(Resumes);
    }

    private void End(bool isLost)
    {
        if ((_input & (InputState.Ended | InputState.Busy)) != 0)
            return;
        _input |= InputState.Ended;
        _receiver.OnEnded(this, isLost);
    }

    /// <summary>Posts once for all that is wanted before the loop comes to it, so that the queue holds a connection at most once.</summary>
    private void Post(int wanted)
    {
        if (Interlocked.Or(ref _wanted, wanted) == 0)
            _loop.Post(this);
    }

    private void CloseNow()
    {
        if ((_input & InputState.Closed) != 0)
            return;
        _input |= InputState.Closed;
        _loop.Forget(this);
        _loop.Leave();
        if (_resets)
            Libc.ResetOnClose(Descriptor);
        _ = Libc.Close(Descriptor);
        _owner.OnClosed(this);
        FailPending();
        End(isLost: true);
    }
}
