using System.Buffers.Binary;
using Gateway.Server.Connections.Sending;

namespace Gateway.Bench.InMemory;

/// <summary>A peer that takes everything at once; what it was sent is counted and forgotten. Used by one sender at a time.</summary>
internal sealed class CountingOutput(Arrivals arrivals) : IOutput
{
    public int TrySend(ReadOnlySpan<byte> bytes)
    {
        arrivals.Add(FramesIn(bytes));
        return bytes.Length;
    }

    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes)
    {
        TrySend(bytes.Span);
        return new ValueTask<bool>(true);
    }

    /// <summary>A writer sends whole frames as long as everything is taken.</summary>
    private static int FramesIn(ReadOnlySpan<byte> bytes)
    {
        int frames = 0;
        for (; !bytes.IsEmpty; frames++)
        {
            bytes = bytes[(bytes[1] switch
            {
                126 => 4 + BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
                127 => 10 + (int)BinaryPrimitives.ReadInt64BigEndian(bytes[2..]),
                var length => 2 + length,
            })..];
        }
        return frames;
    }
}
