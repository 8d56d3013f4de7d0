using Gateway.Server.Channels;

namespace Gateway.Server.Connections.Sending;

/// <summary>Neighbouring frames of one batch waiting in an <see cref="FrameQueue"/>, with one reference on the batch. Immutable.</summary>
/// <param name="Batch">Holds the frames' bytes; null where an entry was dropped.</param>
/// <param name="First">The first frame that waits.</param>
/// <param name="End">The frame after the last one.</param>
/// <param name="Subscription">What they were sent for; null for replies, which no policy may drop.</param>
internal readonly record struct QueuedFrames(FrameBatch? Batch, int First, int End, Subscription? Subscription)
{
    /// <summary>What a frame costs beside its bytes: its share of the entry and of the batch.</summary>
    private const int Overhead = 32;

    /// <summary>Bytes counted against <c>Limits:OutboundBytes</c>.</summary>
    public int Cost => Batch is null ? 0 : Length + (Overhead * (End - First));

    /// <summary>Frames.</summary>
    public int Count => End - First;

    /// <summary>Whether it is a presence change or snapshot. These are queued one by one, for not every subscriber gets each.</summary>
    public bool IsPresence => Batch is not null && Batch.Entries[First].Presence is not null;

    public int Length => Stop - Start;

    public ReadOnlyMemory<byte> Memory => Batch!.Memory[Start..Stop];

    public ReadOnlySpan<byte> Bytes => Batch!.Bytes[Start..Stop];

    private int Start => Batch!.Entries[First].Start;

    private int Stop => Batch!.Entries[End - 1].Start + Batch.Entries[End - 1].Length;
}
