using Gateway.Server.Connections.Sending;

namespace Gateway.Bench.InMemory;

/// <summary>A stream that takes everything at once; its events are counted and forgotten. Used by one sender at a time.</summary>
internal sealed class CountingStream(Arrivals arrivals) : IFrameOutput
{
    public bool IsFull => false;

    public int TrySend(ReadOnlySpan<byte> bytes) => 0;

    public ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes) => new(true);

    public ValueTask<bool> WriteAsync(QueuedFrames frames)
    {
        arrivals.Add(frames.Count);
        return new ValueTask<bool>(true);
    }

    public ValueTask<bool> FlushAsync() => new(true);
}
