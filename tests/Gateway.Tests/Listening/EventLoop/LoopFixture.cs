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
        byte[] address = new byte[PeerAddress.MaxBytes];
        int length = address.Length;
        int listener = (int)_listener.SafeHandle.DangerousGetHandle();
        int accepted = Libc.Accept(listener, ref address[0], ref length, Libc.NonBlocking | Libc.CloseOnExec);
        Assert.True(accepted >= 0);
        var connection = new LoopConnection(Loop, accepted, PeerAddress.Read(address), this);
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
