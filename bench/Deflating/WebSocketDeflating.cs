using System.Net.WebSockets;

namespace Gateway.Bench.Deflating;

/// <summary>
/// .NET's WebSocket over a stream that goes nowhere: the only public way to its pooled deflaters. Its level cannot be chosen, and the
/// frame's header is counted too.
/// </summary>
internal sealed class WebSocketDeflating : IDeflating
{
    private readonly CountingSink _sink = new();
    private readonly WebSocket _socket;

    public WebSocketDeflating() => _socket = WebSocket.CreateFromStream(_sink, new WebSocketCreationOptions
    {
        IsServer = true,
        DangerousDeflateOptions = new WebSocketDeflateOptions { ClientContextTakeover = false, ServerContextTakeover = false },
    });

    public int Deflate(byte[] message, byte[] destination)
    {
        _sink.Count = 0;
        _socket.SendAsync(message.AsMemory(), WebSocketMessageType.Text, WebSocketMessageFlags.EndOfMessage, default)
            .AsTask().GetAwaiter().GetResult();
        return _sink.Count;
    }

    public void Dispose() => _socket.Dispose();

    private sealed class CountingSink : Stream
    {
        public int Count { get; set; }

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Count += buffer.Length;
            return default;
        }

        public override void Write(byte[] buffer, int offset, int count) => Count += count;

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
