using System.Diagnostics;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Gateway.TestSupport;

/// <summary>One connection through a <see cref="TcpProxy"/>. Safe for any thread.</summary>
/// <param name="near">To who connected.</param>
/// <param name="far">To the target.</param>
/// <param name="delay">How long every byte takes.</param>
/// <param name="replyDelay">How much longer the bytes of the target take where nothing was subscribed to.</param>
internal sealed class ProxiedConnection(Socket near, Socket far, Func<TimeSpan> delay, Func<TimeSpan> replyDelay)
{
    private volatile bool _swallowing;
    private volatile bool _subscribed;
    private volatile byte[]? _last;

    /// <summary>Whether a Redis command to subscribe went through.</summary>
    public bool Subscribed => _subscribed;

    public void Swallow() => _swallowing = true;

    /// <summary>Does as <see cref="Swallow"/> does, from the moment at which these bytes go out.</summary>
    public void SwallowFrom(byte[] bytes) => _last = bytes;

    /// <summary>Resets the connection at both ends.</summary>
    public void Reset()
    {
        foreach (var socket in new[] { near, far })
        {
            try
            {
                socket.LingerState = new LingerOption(true, 0);
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It is closed already.
            }
            socket.Dispose();
        }
    }

    /// <summary>Forwards until either end is gone, and then ends the other one.</summary>
    public async Task RunAsync()
    {
        near.NoDelay = true;
        far.NoDelay = true;
        var outwards = ForwardAsync(near, far, outwards: true);
        await Task.WhenAny(outwards, ForwardAsync(far, near, outwards: false));
        // Not even the end of a swallowed connection comes through.
        if (_swallowing)
            await outwards;
        Reset();
    }

    private async Task ForwardAsync(Socket from, Socket to, bool outwards)
    {
        var late = Channel.CreateUnbounded<(byte[] Bytes, long Due)>();
        var sending = SendAsync(late.Reader, to);
        byte[] buffer = new byte[64 * 1024];
        try
        {
            int read;
            while ((read = await from.ReceiveAsync(buffer)) > 0)
            {
                if (outwards && buffer.AsSpan(0, read).IndexOf("SUBSCRIBE\r\n"u8) >= 0)
                    _subscribed = true;
                if (outwards && _last is { } last && buffer.AsSpan(0, read).IndexOf(last) >= 0)
                    Swallow();
                var wait = outwards || _subscribed ? delay() : delay() + replyDelay();
                if (!_swallowing)
                    late.Writer.TryWrite((buffer[..read], Stopwatch.GetTimestamp() + (long)(wait.TotalSeconds * Stopwatch.Frequency)));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // That end is gone, however it went.
        }
        late.Writer.Complete();
        await sending;
    }

    private async Task SendAsync(ChannelReader<(byte[] Bytes, long Due)> late, Socket to)
    {
        try
        {
            await foreach (var (bytes, due) in late.ReadAllAsync())
            {
                var wait = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), due);
                if (wait > TimeSpan.Zero)
                    await Task.Delay(wait);
                for (int sent = 0; sent < bytes.Length && !_swallowing;)
                    sent += await to.SendAsync(bytes.AsMemory(sent));
            }
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // What was on its way is lost with that end.
        }
    }
}
