using System.Collections.Concurrent;
using Gateway.Server.Listening.EventLoop;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>Hands connections over whose first byte is an H, and keeps the others.</summary>
internal sealed class FirstByteHandshakes : ILoopHandshakes
{
    public ConcurrentQueue<(LoopConnection Connection, RecordedInput Input)> Kept { get; } = new();

    public void OnAccepted(LoopConnection connection)
    {
    }

    public ValueTask OnPeekedAsync(LoopConnection connection, Memory<byte> bytes)
    {
        if (bytes.Span[0] == (byte)'H')
        {
            connection.Detach();
            return default;
        }
        var input = new RecordedInput();
        connection.StopPeeking(bytes[..1]);
        input.Begin(connection);
        Kept.Enqueue((connection, input));
        return default;
    }
}
