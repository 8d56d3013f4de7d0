using System.Diagnostics.CodeAnalysis;
using System.Net.Security;
using System.Security.Authentication;
using System.Threading.Tasks.Sources;

namespace Gateway.Load.Sockets;

internal sealed partial class Connection
{
    /// <summary>
    /// On the connection's loop, save for writing, which the connection's own lock orders. TLS between the frames and the socket.
    /// </summary>
    private sealed class TlsLayer : Stream, IValueTaskSource<int>
    {
        private readonly Connection _connection;
        private readonly SslStream _tls;
        private readonly FrameBuffer _encrypted = new();
        private byte[] _fed = []; // received and not read yet
        private int _fedStart;
        private int _fedEnd;
        private Memory<byte> _wanted;
        private bool _isReading;
        private bool _isReady;
        private ManualResetValueTaskSourceCore<int> _read;

        [SuppressMessage("Security", "CA5359:Do not disable certificate validation", Justification = "What --insecure asks for.")]
        private TlsLayer(Connection connection, ConnectionTarget target)
        {
            _connection = connection;
            RemoteCertificateValidationCallback? any = target.IsInsecure ? (_, _, _, _) => true : null;
            _tls = new SslStream(this, leaveInnerStreamOpen: true, any);
        }

        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public static TlsLayer Start(Connection connection, ConnectionTarget target)
        {
            var layer = new TlsLayer(connection, target);
            _ = layer.RunAsync(target.Url.DnsSafeHost);
            return layer;
        }

        /// <summary>The bytes that the socket has received.</summary>
        public void Feed(ReadOnlySpan<byte> bytes)
        {
            int waiting = _fedEnd - _fedStart;
            byte[] target = waiting + bytes.Length > _fed.Length ? new byte[2 * (waiting + bytes.Length)] : _fed;
            _fed.AsSpan(_fedStart, waiting).CopyTo(target);
            bytes.CopyTo(target.AsSpan(waiting));
            (_fed, _fedStart, _fedEnd) = (target, 0, waiting + bytes.Length);
            if (!_isReading)
                return;
            _isReading = false;
            _read.SetResult(TakeFed(_wanted));
        }

        /// <summary>Encrypts and sends what it can; before the handshake is over it all stays where it is.</summary>
        public void Write(FrameBuffer plain)
        {
            if (_isReady && !plain.IsEmpty)
            {
                _tls.Write(plain.Unsent);
                plain.Sent(plain.Unsent.Length);
            }
            SendEncrypted();
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_fedEnd > _fedStart)
                return new ValueTask<int>(TakeFed(buffer));
            _wanted = buffer;
            _read.Reset();
            _isReading = true;
            return new ValueTask<int>(this, _read.Version);
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Write(buffer.Span);
            return default;
        }

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            lock (_connection._sending)
            {
                _encrypted.AddRaw(buffer);
                SendEncrypted();
            }
        }

        public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        // The base class would take it to another thread.
        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        int IValueTaskSource<int>.GetResult(short token) => _read.GetResult(token);

        ValueTaskSourceStatus IValueTaskSource<int>.GetStatus(short token) => _read.GetStatus(token);

        void IValueTaskSource<int>.OnCompleted(
            Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
            _read.OnCompleted(continuation, state, token, flags);

        private void SendEncrypted()
        {
            if (_connection._state != State.Closed && !_encrypted.IsEmpty)
                _connection.WriteTo(_encrypted);
        }

        private int TakeFed(Memory<byte> buffer)
        {
            int length = Math.Min(buffer.Length, _fedEnd - _fedStart);
            _fed.AsSpan(_fedStart, length).CopyTo(buffer.Span);
            _fedStart += length;
            return length;
        }

        // All of it runs on the loop: what it awaits is completed there, by Feed.
        private async Task RunAsync(string host)
        {
            try
            {
                await _tls.AuthenticateAsClientAsync(host);
                _isReady = true;
                _connection.Flush();
                byte[] buffer = new byte[32 * 1024];
                while (true)
                {
                    int rest = _connection._restLength;
                    if (buffer.Length - rest < 16 * 1024)
                        Array.Resize(ref buffer, 2 * buffer.Length);
                    _connection._rest.AsSpan(0, rest).CopyTo(buffer);
                    int got = await _tls.ReadAsync(buffer.AsMemory(rest));
                    if (got == 0 || _connection._state == State.Closed)
                        return;
                    _connection.TakeGuarded(buffer.AsSpan(0, rest + got));
                }
            }
            catch (Exception failure) when (failure is AuthenticationException or IOException)
            {
                _connection.End(new ConnectionEnd(_isReady ? ConnectionEnd.Lost : 0, failure.Message));
            }
        }
    }
}
