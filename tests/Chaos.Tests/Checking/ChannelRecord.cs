namespace Gateway.Chaos.Tests.Checking;

/// <summary>What all clients together know of one channel with history. For one thread at a time.</summary>
internal sealed class ChannelRecord
{
    private readonly Dictionary<string, EpochRecord> _epochs = [];

    public IReadOnlyDictionary<string, EpochRecord> Epochs => _epochs;

    public HashSet<EpochLink> Links { get; } = [];

    public EpochRecord Epoch(string epoch)
    {
        if (!_epochs.TryGetValue(epoch, out var record))
            _epochs.Add(epoch, record = new EpochRecord());
        return record;
    }
}
