using System.Net;
using System.Net.Sockets;
using Gateway.Server.Listening.EventLoop;
using Gateway.TestSupport;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>One event loop with real connections, whose other ends are the test's.</summary>
internal sealed class LoopFixture : ILoopConnectionOwner, IAsyncDisposable
{
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly List<Socket> _clients = [];
    private readonly LoggerFactory _logs = new();
    private int _closed;

    public LoopFixture()
    {
        _logs.AddProvider(Log);
        Loop = new Loop(0, _logs.CreateLogger<LoopFixture>());
        Loop.Start();
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    public Loop Loop { get; }

    public RecordedLog Log { get; } = new();

    /// <summary>Connections whose descriptor the loop has closed.</summary>
    public int Closed => Volatile.Read(ref _closed);

    /// <summary>What is decided by what a connection was peeked at.</summary>
    public Func<LoopConnection, Memory<byte>, ValueTask>? Handshake { get; set; }

    /// <summary>Connects a client, and has the loop peek at what comes from it.</summary>
    public (LoopConnection Connection, Socket Client) Accept()
    {
        var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(_listener.LocalEndPoint!);
        _clients.Add(client);
        int accepted = Accept(_listener, out byte[] address);
        var connection = new LoopConnection(Loop, accepted, new PeerAddress().Read(address), this);
        connection.Start();
        return (connection, client);
    }

    /// <summary>Connects a client, and has the loop receive from it.</summary>
    public (LoopConnection Connection, Socket Client, RecordedInput Input) Connect(RecordedInput? input = null)
    {
        input ??= new RecordedInput();
        var (connection, client) = Accept();
        connection.StopPeeking(Memory<byte>.Empty);
        input.Begin(connection);
        return (connection, client, input);
    }

    /// <summary>Connects a local socket, and has the loop receive from it without end.</summary>
    public void ConnectLocal(EndlessInput input)
    {
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen();
        var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        _clients.Add(client);
        client.Connect(listener.LocalEndPoint!);
        client.Blocking = false;
        input.Begin(client);
        int accepted = Accept(listener, out _);
        var connection = new LoopConnection(Loop, accepted, new IPEndPoint(IPAddress.Loopback, 0), this);
        connection.StopPeeking(Memory<byte>.Empty);
        _ = connection.ReceiveAsync(input);
        connection.Start();
        File.Delete(path);
    }

    /// <summary>Keeps the loop from doing anything until the result is disposed.</summary>
    public LoopStop Stop()
    {
        var stop = new LoopStop();
        Loop.Post(stop);
        stop.Reached.Wait();
        return stop;
    }

    /// <summary>Runs something on the loop's thread.</summary>
    public Task RunAsync(Action action)
    {
        var work = new PostedAction(action);
        Loop.Post(work);
        return work.Done.WaitAsync(Eventually.Limit);
    }

    private static int Accept(Socket listener, out byte[] address)
    {
        address = new byte[PeerAddress.MaxBytes];
        int length = address.Length;
        int descriptor = (int)listener.SafeHandle.DangerousGetHandle();
        int accepted = Libc.Accept(descriptor, ref address[0], ref length, Libc.NonBlocking | Libc.CloseOnExec);
        Assert.True(accepted >= 0);
        return accepted;
    }

    ValueTask ILoopConnectionOwner.OnPeekedAsync(LoopConnection connection, Memory<byte> bytes) => Handshake!(connection, bytes);

    void ILoopConnectionOwner.OnClosed(LoopConnection connection) => Interlocked.Increment(ref _closed);

    void ILoopConnectionOwner.OnDetached(LoopConnection connection) => throw new NotSupportedException();

    public async ValueTask DisposeAsync()
    {
        Loop.Dispose();
        await Loop.Ended.WaitAsync(Eventually.Limit);
        foreach (var client in _clients)
            client.Dispose();
        _listener.Dispose();
        _logs.Dispose();
    }
}
