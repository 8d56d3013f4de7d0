using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Gateway.Client.Tests;

/// <summary>
/// A link to a gateway that loses one message to its clients, which nobody can notice but by counting. Safe for any thread.
/// </summary>
internal sealed class LossyLink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly int _target;
    private readonly string _lost;
    private int _losses;

    /// <param name="target">The gateway's port.</param>
    /// <param name="lost">The first message in which this text stands does not arrive.</param>
    public LossyLink(int target, string lost)
    {
        (_target, _lost) = (target, lost);
        _listener.Start();
        _ = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Losses => Volatile.Read(ref _losses);

    public ValueTask DisposeAsync()
    {
        _listener.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
                _ = ServeAsync(await _listener.AcceptTcpClientAsync());
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using var near = client;
        using var far = new TcpClient { NoDelay = true };
        try
        {
            await far.ConnectAsync(IPAddress.Loopback, _target);
            await Task.WhenAny(near.GetStream().CopyToAsync(far.GetStream()), LoseAsync(far.GetStream(), near.GetStream()));
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // One side is gone, and so is the other.
        }
    }

    private async Task LoseAsync(NetworkStream from, NetworkStream to)
    {
        byte[] last = new byte[4];
        for (byte[] one = new byte[1]; !last.AsSpan().SequenceEqual("\r\n\r\n"u8);)
        {
            await from.ReadExactlyAsync(one);
            await to.WriteAsync(one);
            last = [.. last[1..], one[0]];
        }
        while (true)
        {
            byte[] frame = await ReadFrameAsync(from);
            if (Losses == 0 && Encoding.UTF8.GetString(frame).Contains(_lost, StringComparison.Ordinal))
                Interlocked.Increment(ref _losses);
            else
                await to.WriteAsync(frame);
        }
    }

    /// <summary>An unmasked frame, RFC 6455 section 5.2.</summary>
    private static async Task<byte[]> ReadFrameAsync(NetworkStream from)
    {
        byte[] head = new byte[2];
        await from.ReadExactlyAsync(head);
        byte[] length = new byte[head[1] switch { 126 => 2, 127 => 8, _ => 0 }];
        await from.ReadExactlyAsync(length);
        byte[] payload = new byte[length.Length switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(length),
            8 => checked((int)BinaryPrimitives.ReadInt64BigEndian(length)),
            _ => head[1],
        }];
        await from.ReadExactlyAsync(payload);
        return [.. head, .. length, .. payload];
    }
}
