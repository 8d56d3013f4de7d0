using System.Buffers;
using System.IO.Pipelines;
using Gateway.Server.Auth;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Echo;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Dialects.Streams;
using Gateway.Server.Sessions;

namespace Gateway.Bench.InMemory;

/// <summary>
/// A connection with its real read loop, over a pipe in place of the socket. The read loop runs inside <see cref="Send"/>, as in the
/// gateway it runs on the thread that found the socket readable. Used by one thread.
/// </summary>
internal sealed class Client : IDisposable
{
    private readonly Pipe _toGateway = new(DuplexPipe.Inline);
    private readonly Task _run;

    /// <summary>With a session, as on <c>/ws</c>; returns when it is connected.</summary>
    /// <param name="node">The gateway.</param>
    /// <param name="arrivals">Counts what it is sent.</param>
    /// <param name="isCompressing">Whether it has agreed on permessage-deflate.</param>
    public Client(Node node, Arrivals arrivals, bool isCompressing = false)
    {
        arrivals.Expect(1); // connected
        _run = Run(
            node,
            isCompressing ? node.Compression.EncodingFor(NativeEncoding.Instance, default) : NativeEncoding.Instance,
            new CountingOutput(arrivals),
            connection => new NativeDialect(connection, Identity.Unrestricted("user-7"), node.Sessions));
        arrivals.Wait();
    }

    private Client(Node node, FrameEncoding encoding, IOutput output, Func<Connection, IDialect> dialect) =>
        _run = Run(node, encoding, output, dialect);

    /// <summary>One whose messages come back, as on <c>/echo</c>.</summary>
    public static Client ToEcho(Node node, Arrivals arrivals) =>
        new(node, EchoEncoding.Instance, new CountingOutput(arrivals), static connection => new EchoDialect(connection));

    /// <summary>An event stream of one channel, as on <c>/sse</c>; returns when it is subscribed.</summary>
    public static Client ToStream(Node node, Arrivals arrivals, string channel)
    {
        arrivals.Expect(2); // connected, subscribed
        var opening = new InitialSubscriptions([channel], lastPositions: null);
        var client = new Client(
            node,
            EventStreamEncoding.Instance,
            new CountingStream(arrivals),
            connection => new NativeDialect(connection, Identity.Unrestricted("user-7"), node.Sessions, opening));
        arrivals.Wait();
        return client;
    }

    /// <summary>Sends whole frames; returns when they were handled, unless handling them waits for something.</summary>
    public void Send(ReadOnlySpan<byte> frames)
    {
        _toGateway.Writer.Write(frames);
        var flushed = _toGateway.Writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
            flushed.AsTask().GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _toGateway.Writer.Complete();
        _run.GetAwaiter().GetResult();
    }

    private Task Run(Node node, FrameEncoding encoding, IOutput output, Func<Connection, IDialect> dialect)
    {
        var transport = new PipedClient(_toGateway.Reader, output);
        return new Connection(transport, encoding, node.Connections, node.Lease(), dialect).RunAsync();
    }
}
