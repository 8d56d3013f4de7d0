using System.Buffers;
using System.Net.Sockets;
using Gateway.Server.Connections;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>
/// Sends as much as is taken again, from within the handling. Between local sockets what is sent has arrived, so there is always more than
/// a read takes.
/// </summary>
internal sealed class EndlessInput : IInputReceiver
{
    /// <summary>More than one read takes, and little enough for the socket's buffer when one read's is added.</summary>
    private readonly byte[] _bytes = new byte[80_000];

    private int _calls;
    private bool _isOver;

    /// <summary>The other end.</summary>
    public Socket? Client { get; private set; }

    /// <summary>Times that something was received.</summary>
    public int Calls => Volatile.Read(ref _calls);

    public void Begin(Socket client)
    {
        Client = client;
        Assert.Equal(_bytes.Length, client.Send(_bytes));
    }

    public void Stop() => Volatile.Write(ref _isOver, true);

    ValueTask IInputReceiver.OnInputAsync(ReadOnlySequence<byte> input)
    {
        Interlocked.Increment(ref _calls);
        if (!Volatile.Read(ref _isOver))
            Client!.Send(_bytes.AsSpan(0, (int)input.Length));
        return default;
    }

    ValueTask<bool> IInputReceiver.OnConsumedAsync(bool isCompleted) => new(!isCompleted);
}
