using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;

namespace Gateway.Bench.InMemory;

/// <summary>A <see cref="WebSocket"/> over a pipe, with the loop everybody writes: receive, send back. Used by one thread.</summary>
internal sealed class NetWebSocketEcho : IDisposable
{
    private readonly Pipe _toServer = new(DuplexPipe.Inline);
    private readonly WebSocket _server;
    private readonly Task _run;

    public NetWebSocketEcho(Arrivals arrivals)
    {
        var stream = new CountedStream(_toServer.Reader.AsStream(), new CountingOutput(arrivals));
        _server = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = TimeSpan.Zero });
        _run = EchoAsync();
    }

    /// <summary>Sends whole frames; returns when they were echoed.</summary>
    public void Send(ReadOnlySpan<byte> frames)
    {
        _toServer.Writer.Write(frames);
        var flushed = _toServer.Writer.FlushAsync();
        if (!flushed.IsCompletedSuccessfully)
            flushed.AsTask().GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        _toServer.Writer.Complete();
        _run.GetAwaiter().GetResult();
        _server.Dispose();
    }

    private async Task EchoAsync()
    {
        byte[] buffer = new byte[64 * 1024];
        try
        {
            while (true)
            {
                var received = await _server.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                await _server.SendAsync(
                    buffer.AsMemory(0, received.Count), received.MessageType, received.EndOfMessage, CancellationToken.None);
            }
        }
        catch (WebSocketException)
        {
            // The input ended.
        }
    }

    private sealed class CountedStream(Stream input, CountingOutput output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            output.TrySend(buffer.Span);
            return default;
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => output.TrySend(buffer.AsSpan(offset, count));

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
