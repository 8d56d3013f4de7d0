using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Gateway.Load.Sockets;

/// <summary>
/// One WebSocket of a loop. Any thread may send, stop reading or end it; it is opened and read on the loop, where its events are called.
/// </summary>
internal sealed partial class Connection : IPollable
{
    /// <summary>The kernel has some 28,000 ports for each source address; on loopback there are more addresses.</summary>
    private const int PerLoopbackAddress = 20_000;

    private readonly EventLoop _loop;
    private readonly ConnectionTarget _target;
    private readonly IConnectionEvents _events;
    private readonly Lock _sending = new();
    private readonly FrameBuffer _out = new();
    private readonly byte[] _request;
    private readonly int _number;
    private TlsLayer? _tls;
    private byte[] _rest = []; // the beginning of a frame whose end has not come
    private int _restLength;
    private List<byte>? _fragments;
    private State _state = State.Connecting;
    private bool _isCompressing;
    private bool _isPaused;
    private bool _isDue;
    private bool _isFull; // the kernel takes no more at the moment

    /// <param name="loop">Where it lives.</param>
    /// <param name="target">Where it goes.</param>
    /// <param name="request">The upgrade.</param>
    /// <param name="number">Its number among all, which chooses its addresses.</param>
    /// <param name="isNarrow">Whether the kernel takes little for it while it does not read, as a slow line would.</param>
    /// <param name="events">Who hears of it.</param>
    public Connection(EventLoop loop, ConnectionTarget target, byte[] request, int number, bool isNarrow, IConnectionEvents events)
    {
        _loop = loop;
        _target = target;
        _request = request;
        _number = number;
        _events = events;
        var address = target.Address(number);
        Socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, Blocking = false };
        if (isNarrow)
        {
            Socket.ReceiveBufferSize = 4096;
            // TCP_MAXSEG: with loopback's 64 KiB segments the server's kernel would take megabytes before anybody feels that nobody reads.
            if (OperatingSystem.IsLinux())
                Socket.SetRawSocketOption(6, 2, BitConverter.GetBytes(536));
        }
    }

    private enum State
    {
        Connecting,
        Upgrading,
        Open,
        Closed,
    }

    public Socket Socket { get; }

    /// <summary>On the loop: when what is being handled was read.</summary>
    public long ReadAt { get; private set; }

    public void Start() => _loop.Post(Connect);

    /// <summary>Leaves what comes in the kernel, or takes it again.</summary>
    public void Pause(bool isPaused) => _loop.Post(() =>
    {
        _isPaused = isPaused;
        if (_state == State.Open)
            Watch();
    });

    /// <summary>Ends it at once, as a client does whose network is gone: the server gets a reset, and nobody here is told.</summary>
    public void Cut() => _loop.Post(() =>
    {
        if (_state == State.Closed)
            return;
        Socket.LingerState = new LingerOption(true, 0);
        Shut();
    });

    public void OnReady(bool readable, bool writable)
    {
        if (_state == State.Connecting)
        {
            OnConnected();
            return;
        }
        if (writable)
            Flush();
        if (readable && _state != State.Closed)
            Receive();
    }

    private void Connect()
    {
        var address = _target.Address(_number);
        try
        {
            if (OperatingSystem.IsLinux() && address.Address.Equals(IPAddress.Loopback) && _number >= PerLoopbackAddress)
                BindElsewhere();
            Socket.Connect(address);
        }
        catch (SocketException underWay) when (underWay.SocketErrorCode is SocketError.WouldBlock or SocketError.InProgress)
        {
        }
        catch (SocketException failure)
        {
            End(new ConnectionEnd(0, failure.Message));
            return;
        }
        _loop.Poller.Watch(this, read: false, write: true);
    }

    private void BindElsewhere()
    {
        // IP_BIND_ADDRESS_NO_PORT: the port is chosen when it connects, and may be one in use to another server.
        Socket.SetRawSocketOption(0, 24, BitConverter.GetBytes(1));
        Socket.Bind(new IPEndPoint(new IPAddress([127, 0, 0, (byte)(2 + (_number / PerLoopbackAddress))]), 0));
    }

    private void OnConnected()
    {
        int error = (int)Socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error)!;
        if (error != 0)
        {
            End(new ConnectionEnd(0, new SocketException(error).Message));
            return;
        }
        _state = State.Upgrading;
        if (_target.IsTls)
            _tls = TlsLayer.Start(this, _target);
        Watch();
        SendRaw(_request);
    }

    private void Receive()
    {
        var buffer = _loop.Buffer;
        bool isPlain = _tls is null;
        int rest = isPlain ? _restLength : 0;
        if (isPlain)
            _rest.AsSpan(0, rest).CopyTo(buffer);
        int got = Socket.Receive(buffer[rest..], SocketFlags.None, out var error);
        if (error == SocketError.WouldBlock)
            return;
        if (got <= 0)
        {
            string reason = error == SocketError.Success ? "the connection ended without a close frame" : error.ToString();
            End(new ConnectionEnd(_state == State.Upgrading ? 0 : ConnectionEnd.Lost, reason));
            return;
        }
        ReadAt = Stopwatch.GetTimestamp();
        _loop.ReceivedBytes += got;
        if (isPlain)
            TakeGuarded(buffer[..(rest + got)]);
        else
            _tls!.Feed(buffer[..got]);
    }

    private void Watch() => _loop.Poller.Watch(this, !_isPaused, _isFull);

    private void End(ConnectionEnd end)
    {
        if (_state == State.Closed)
            return;
        Shut();
        _events.OnClosed(end);
    }

    private void Shut()
    {
        _state = State.Closed;
        _loop.Poller.Forget(this);
        lock (_sending)
            Socket.Dispose();
        _rest = [];
    }
}
