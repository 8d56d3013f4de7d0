using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Server.Admission;
using Gateway.Server.Listening.EventLoop;
using Gateway.TestSupport;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using MicrosoftOptions = Microsoft.Extensions.Options.Options;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>Accepting with event loops, and what becomes of the connections that are the HTTP server's.</summary>
public sealed class LoopListenerTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1")]
    [InlineData("::", "127.0.0.1")]
    [InlineData("::", "::1")]
    public async Task The_HTTP_server_gets_a_connection_with_nothing_of_it_read(string address, string client)
    {
        await using var listening = await ListenAsync(address: address);
        using var socket = listening.Connect(client);
        socket.Send("HTTP"u8);

        var connection = (await listening.Listener.AcceptAsync().AsTask().WaitAsync(Eventually.Limit))!;

        var received = await connection.Transport.Input.ReadAtLeastAsync(4);
        Assert.Equal("HTTP", Encoding.UTF8.GetString(received.Buffer));
        await connection.Transport.Output.WriteAsync("reply"u8.ToArray());
        byte[] reply = new byte[5];
        Assert.Equal(5, socket.Receive(reply));
        Assert.Equal(socket.LocalEndPoint!.ToString(), Plain(connection.RemoteEndPoint).ToString());
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task Other_connections_stay_with_their_loop_and_are_dealt_out_evenly()
    {
        await using var listening = await ListenAsync(loops: 3);
        var sockets = Enumerable.Range(0, 9).Select(_ => listening.Connect()).ToList();
        foreach (var socket in sockets)
            socket.Send("Wait"u8);

        await Eventually.TrueAsync(() => listening.Handshakes.Kept.Count == 9, "all are kept");
        foreach (var (_, input) in listening.Handshakes.Kept)
            await input.TextAsync("ait");
        Assert.Equal([3, 3, 3], listening.Loops.All.Select(loop => loop.Connections));
        sockets.ForEach(socket => socket.Dispose());
    }

    [Fact]
    public async Task A_loop_that_has_failed_gets_no_connection()
    {
        await using var listening = await ListenAsync(loops: 2);
        var failed = listening.Loops.All[0];
        failed.Post(new PostedFailure());
        await failed.Ended.WaitAsync(Eventually.Limit);
        using var first = listening.Connect();
        using var second = listening.Connect();
        first.Send("Wait"u8);
        second.Send("Wait"u8);

        await Eventually.TrueAsync(() => listening.Handshakes.Kept.Count == 2, "both are kept");
        Assert.Equal([0, 2], listening.Loops.All.Select(loop => loop.Connections));
    }

    [Fact]
    public async Task Sockets_count_until_they_are_closed_or_the_HTTP_server_counts_them()
    {
        await using var listening = await ListenAsync(settings: "Limits:SocketsPerAddress=10");
        using var http = listening.Connect();
        using var kept = listening.Connect();
        http.Send("HTTP"u8);
        kept.Send("Wait"u8);
        var connection = (await listening.Listener.AcceptAsync().AsTask().WaitAsync(Eventually.Limit))!;
        await Eventually.TrueAsync(() => listening.Handshakes.Kept.Count == 1, "one is kept");
        // One of the node's two was handed over with its count, which the server's middleware undoes at its end.
        Assert.Equal(2, listening.Open.Count);
        Assert.Equal(1, listening.Addresses.Addresses);

        Assert.True(listening.Handshakes.Kept.TryDequeue(out var one));
        one.Connection.Close();
        await one.Input.EndedAsync();
        Assert.Equal(1, listening.Open.Count);
        Assert.Equal(0, listening.Addresses.Addresses);
        await connection.DisposeAsync();
    }

    [Fact]
    public async Task A_socket_that_has_sent_nothing_is_accepted_too()
    {
        await using var listening = await ListenAsync();
        using var socket = listening.Connect();
        await Eventually.TrueAsync(() => listening.Open.Count == 1, "it is counted");

        socket.Send("Wait"u8);

        await Eventually.TrueAsync(() => listening.Handshakes.Kept.Count == 1, "it is kept");
    }

    [Fact]
    public async Task An_address_with_too_many_sockets_is_not_let_in()
    {
        await using var listening = await ListenAsync(settings: "Limits:SocketsPerAddress=2");
        using var first = listening.Connect();
        using var second = listening.Connect();
        first.Send("Wait"u8);
        second.Send("Wait"u8);
        await Eventually.TrueAsync(() => listening.Handshakes.Kept.Count == 2, "two are let in");
        using var third = listening.Connect();
        Assert.Equal(0, Receive(third));
        Assert.Equal(2, listening.Open.Count);
    }

    [Fact]
    public async Task An_address_that_is_taken_is_refused_as_the_HTTP_server_expects_it()
    {
        await using var listening = await ListenAsync();
        await Assert.ThrowsAsync<AddressInUseException>(async () => await listening.BindAsync(listening.Port));
    }

    [Fact]
    public async Task Unbinding_refuses_new_clients_and_keeps_those_that_are_connected()
    {
        await using var listening = await ListenAsync();
        using var kept = listening.Connect();
        kept.Send("Wait"u8);
        await Eventually.TrueAsync(() => listening.Handshakes.Kept.Count == 1, "one is kept");
        Assert.True(listening.Handshakes.Kept.TryDequeue(out var one));

        await listening.Listener.UnbindAsync();

        Assert.Null(await listening.Listener.AcceptAsync());
        Assert.Throws<SocketException>(() => listening.Connect());
        kept.Send("more"u8);
        await one.Input.TextAsync("aitmore");
    }

    [Fact]
    public async Task A_request_that_comes_after_unbinding_is_closed_and_leaves_no_count()
    {
        await using var listening = await ListenAsync(settings: "Limits:SocketsPerAddress=10");
        using var late = listening.Connect();
        await Eventually.TrueAsync(() => listening.Open.Count == 1, "it is accepted");
        await listening.Listener.UnbindAsync();
        late.Send("HTTP"u8);

        Assert.Equal(0, Receive(late));
        await Eventually.TrueAsync(() => listening.Open.Count == 0, "no count is left");
        Assert.Equal(0, listening.Addresses.Addresses);
    }

    /// <summary>0 for the end, in whatever manner.</summary>
    private static int Receive(Socket socket)
    {
        try
        {
            return socket.Receive(new byte[1]);
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private static IPEndPoint Plain(EndPoint? peer) => peer is IPEndPoint { Address.IsIPv4MappedToIPv6: true } mapped
        ? new IPEndPoint(mapped.Address.MapToIPv4(), mapped.Port)
        : (IPEndPoint)peer!;

    private static async Task<Listening> ListenAsync(int loops = 1, string address = "127.0.0.1", params string[] settings)
    {
        var server = await GatewayServer.StartAsync(settings);
        var listening = new Listening(server, loops);
        listening.Listener = await listening.BindAsync(0, address);
        return listening;
    }

    /// <summary>Work that ends its loop.</summary>
    private sealed class PostedFailure : ILoopWork
    {
        public string Activity => "a failing test";

        public void Execute() => throw new InvalidOperationException();

        public void OnFailed() => throw new InvalidOperationException();
    }

    private sealed class SharedPools : IMemoryPoolFactory<byte>
    {
        public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => MemoryPool<byte>.Shared;
    }

    /// <summary>A listener of its own, with the limits of a gateway.</summary>
    private sealed class Listening : IAsyncDisposable
    {
        private readonly GatewayServer _server;
        private readonly LoopListenerFactory _factory;

        public Listening(GatewayServer server, int loops)
        {
            _server = server;
            Open = new OpenSockets(null, 0);
            Loops = new EventLoops(loops, NullLoggerFactory.Instance);
            Addresses = ActivatorUtilities.CreateInstance<AddressSockets>(server.Services);
            var sockets = ActivatorUtilities.CreateInstance<AcceptedSockets>(server.Services, Open, Addresses);
            _factory = new LoopListenerFactory(
                Loops,
                sockets,
                Handshakes,
                new SharedPools(),
                MicrosoftOptions.Create(new SocketTransportOptions()),
                NullLoggerFactory.Instance);
        }

        public FirstByteHandshakes Handshakes { get; } = new();

        public OpenSockets Open { get; }

        public AddressSockets Addresses { get; }

        public EventLoops Loops { get; }

        public IConnectionListener Listener { get; set; } = null!;

        public int Port => ((IPEndPoint)Listener.EndPoint).Port;

        public async Task<IConnectionListener> BindAsync(int port, string address = "127.0.0.1") =>
            await _factory.BindAsync(new LoopEndPoint(IPAddress.Parse(address), port));

        public Socket Connect(string address = "127.0.0.1")
        {
            var ip = IPAddress.Parse(address);
            var socket = new Socket(ip.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Connect(ip, Port);
                return socket;
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }

        public async ValueTask DisposeAsync()
        {
            await Listener.DisposeAsync();
            await _server.DisposeAsync();
        }
    }
}
