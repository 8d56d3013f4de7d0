namespace Gateway.Chaos.Tests.Checking;

/// <summary>The messages of one epoch of one channel by their seq, as everybody together has seen them. For one thread at a time.</summary>
internal sealed class EpochRecord
{
    private readonly Dictionary<long, Sighting> _messages = [];

    public long Count => _messages.Count;

    public Sighting? At(long seq) => _messages.TryGetValue(seq, out var sighting) ? sighting : null;

    public void Set(long seq, Sighting sighting) => _messages[seq] = sighting;
}

/// <summary>A message at its position, by who saw it there first. Immutable.</summary>
/// <param name="Id">The message.</param>
/// <param name="Source">Who saw it.</param>
/// <param name="At">When.</param>
/// <param name="StoreLosses">How often Redis had lost data by then.</param>
/// <param name="IsDelivered">False when nobody has got it yet but the publisher its acknowledgement.</param>
internal readonly record struct Sighting(MessageId Id, string Source, long At, int StoreLosses, bool IsDelivered);

/// <summary>
/// That somebody went on in another epoch without having been told of a loss: all up to the position must be the same in both. Immutable.
/// </summary>
internal readonly record struct EpochLink(Position From, string To, string Source, long At);
