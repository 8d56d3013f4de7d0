using System.Net;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// An accepted socket of a loop, and the transport of the connection that comes of it. Sending, ending and closing are for any thread; one
/// thread sends at a time.
/// </summary>
/// <remarks>
/// The loop closes the descriptor, once nobody else is about to use it. A thread that sends counts itself as a user before; closing sets a
/// bit that lets no new user in. Whoever leaves as the last one, or sets the bit where there is no user, posts the closing to the loop. So
/// a number that the system gives to another file is never sent to.
/// </remarks>
internal sealed partial class LoopConnection : LoopHandle, ILoopWork, ITransport
{
    /// <summary>In <see cref="_users"/>: the connection is to be closed.</summary>
    private const int Closing = int.MinValue;

    /// <summary>What is posted, as bits of <see cref="_wanted"/>.</summary>
    private const int Starts = 1, Resumes = 2, Closes = 4, Wakes = 8, Receives = 16;

    private readonly Loop _loop;
    private readonly ILoopConnectionOwner _owner;
    private readonly ushort _port;
    private IInputReceiver? _receiver;
    private PendingSend? _pending;
    private int _users;
    private int _wanted;
    private InputState _input;
    private bool _peeks = true;
    private bool _resets;
    private bool _isWritable;

    /// <param name="loop">The loop it is to live on.</param>
    /// <param name="descriptor">A non-blocking socket.</param>
    /// <param name="peer">The other end.</param>
    /// <param name="owner">Decides what the connection is for, and hears of its end.</param>
    public LoopConnection(Loop loop, int descriptor, IPEndPoint peer, ILoopConnectionOwner owner)
        : base(descriptor)
    {
        _loop = loop;
        _owner = owner;
        _port = (ushort)peer.Port;
        Address = peer.Address;
        loop.Join();
    }

    /// <summary>The address of the other end.</summary>
    public IPAddress Address { get; }

    /// <summary>The other end: an object made for each call.</summary>
    public IPEndPoint Peer => new(Address, _port);

    /// <summary>Whether it is not known yet what the connection is for.</summary>
    public bool IsPeeking => Volatile.Read(ref _peeks) && !IsClosing;

    public override string Activity => $"the connection of {Peer}, {(_peeks ? "before" : "after")} its handshake";

    public IOutput Output => this;

    public bool SharesThread => true;

    /// <summary>The loop closes the socket when the connection is over.</summary>
    public bool ClosesWhenOutputEnds => false;

    private bool IsClosing => Volatile.Read(ref _users) < 0;

    /// <summary>Has the loop begin to peek. From any thread.</summary>
    public void Start() => Post(Starts);

    /// <summary>
    /// Takes the first bytes of what was peeked at, and leaves the rest to whoever receives from now on. For the owner, while it decides.
    /// </summary>
    /// <param name="bytes">The beginning of what was peeked at, which stays as it is.</param>
    public void StopPeeking(Memory<byte> bytes)
    {
        Volatile.Write(ref _peeks, false);
        for (int taken = 0; taken < bytes.Length;)
        {
            int count = Libc.Receive(Descriptor, bytes.Span[taken..], peek: false);
            if (count <= 0)
                return;
            taken += count;
        }
    }

    /// <summary>
    /// Gives the open descriptor to the owner. For the owner, while it decides on the loop's thread, and before anything was sent.
    /// </summary>
    public void Detach()
    {
        _loop.Remove(this);
        _loop.Leave();
        _input |= InputState.Closed;
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

    public void Abort(ConnectionAbortedException reason) => Abort();

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
        int wanted = Interlocked.Exchange(ref _wanted, 0);
        _input &= ~InputState.Again;
        if ((wanted & Starts) != 0 && !IsClosing && !_loop.TryAdd(this, ReadyEvents.Connection))
            Abort();
        if ((wanted & Wakes) != 0)
            _input |= InputState.Woken;
        if ((wanted & Resumes) != 0)
            _input &= ~InputState.Busy;
        if ((wanted & Closes) != 0)
            CloseNow();
        Receive();
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
        if (Volatile.Read(ref _resets))
            Libc.ResetOnClose(Descriptor);
        else
            DiscardInput();
        _ = Libc.Close(Descriptor);
        _owner.OnClosed(this);
        FailPending();
    }
}
