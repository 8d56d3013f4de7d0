using System.Buffers;
using System.IO.Pipelines;
using Gateway.Auth;
using Gateway.Connections;
using Gateway.Sessions;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Bench.InMemory;

/// <summary>
/// Used by one thread. A connection with its real read loop and session, over a pipe in place of the socket. The read loop runs
/// inside <see cref="Send"/>, as in the gateway it runs on the thread that found the socket readable.
/// </summary>
internal sealed class Client : IDisposable
{
    private static readonly PipeOptions Inline = new(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.Inline, useSynchronizationContext: false);

    private readonly Pipe _toGateway = new(Inline);
    private readonly Task _run;

    public Client(Node node, Arrivals arrivals)
    {
        var transport = new DuplexPipe(_toGateway.Reader, new Pipe(Inline).Writer);
        var context = new DefaultConnectionContext("bench", transport, transport);
        var connection = new Connection(context, new CountingOutput(arrivals), node.Connections, new Admitted(node.Lease(), null, self => new Session(self, Identity.Unrestricted("user-7"), node.Sessions)));
        arrivals.Expect(1); // connected
        _run = connection.RunAsync();
        arrivals.Wait();
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
}
