using Gateway.Channels;

namespace Gateway.Connections;

/// <summary>Immutable. One frame waiting in an <see cref="OutboxQueue"/>, with a reference on its batch.</summary>
/// <param name="Batch">Holds the frame's bytes.</param>
/// <param name="Index">Which of the batch's frames.</param>
/// <param name="Subscription">What it was sent for; null for a reply, which no policy may drop.</param>
internal readonly record struct QueuedFrame(FrameBatch Batch, int Index, Subscription? Subscription)
{
    /// <summary>What an entry costs beside its bytes: the slot, and its share of the batch.</summary>
    private const int Overhead = 64;

    /// <summary>Bytes counted against <c>Limits:OutboundBytes</c>.</summary>
    public int Cost => Batch.Entries[Index].Length + Overhead;

    public ReadOnlySpan<byte> Bytes => Batch.Frame(Index);
}
