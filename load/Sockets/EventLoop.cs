using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Gateway.Protocol.Compression;

namespace Gateway.Load.Sockets;

/// <summary>
/// Anyone may post to it; everything else happens on its one thread. A share of the connections: what they receive is read, checked and
/// answered on this thread, without locks, and what they send in one round goes out at its end.
/// </summary>
internal sealed class EventLoop : IPollable, IDisposable
{
    /// <summary>The largest piece that is read at once, and so the largest frame.</summary>
    public const int BufferBytes = 1 << 18;

    private readonly IPoller _poller = OperatingSystem.IsLinux() ? new Epoll() : new SelectPoller();
    private readonly ConcurrentQueue<Action> _posted = new();
    private readonly List<Connection> _unsent = [];
    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly Thread _thread;
    private volatile bool _isStopped;

    public EventLoop(int index)
    {
        Index = index;
        // A datagram to itself wakes the loop, on every system.
        Socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        Socket.Connect(Socket.LocalEndPoint!);
        Socket.Blocking = false;
        _poller.Watch(this, read: true, write: false);
        _thread = new Thread(Run) { IsBackground = true, Name = $"load {index}" };
        _thread.Start();
    }

    /// <summary>Its place among the loops: whose share of a measurement a record goes to.</summary>
    public int Index { get; }

    public Socket Socket { get; } = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);

    public IPoller Poller => _poller;

    /// <summary>For the compressed messages of its connections. On its thread only.</summary>
    public Inflater Inflater { get; } = new();

    /// <summary>The bytes that its connections have received. Written on its thread; a look from elsewhere may be a moment old.</summary>
    public long ReceivedBytes { get; set; }

    /// <summary>The buffer that all its connections read into, one at a time.</summary>
    public Span<byte> Buffer => _buffer;

    public bool IsCurrent => Thread.CurrentThread == _thread;

    /// <summary>Has something done on its thread.</summary>
    public void Post(Action action)
    {
        _posted.Enqueue(action);
        Wake();
    }

    /// <summary>On its thread: the connection has something to send when this round is over.</summary>
    public void SendLater(Connection connection) => _unsent.Add(connection);

    /// <summary>Something was posted.</summary>
    void IPollable.OnReady(bool readable, bool writable)
    {
        Span<byte> wakes = stackalloc byte[8];
        while (Socket.Receive(wakes, SocketFlags.None, out var error) > 0 && error == SocketError.Success)
        {
        }
    }

    public void Dispose()
    {
        _isStopped = true;
        Wake();
        _thread.Join();
        Socket.Dispose();
        _poller.Dispose();
    }

    private void Wake() => Socket.Send([1], SocketFlags.None, out _);

    private void Run()
    {
        while (!_isStopped)
        {
            _poller.Wait();
            while (_posted.TryDequeue(out var action))
                action();
            for (int i = 0; i < _unsent.Count; i++)
                _unsent[i].Flush();
            _unsent.Clear();
        }
    }
}
