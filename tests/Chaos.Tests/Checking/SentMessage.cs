namespace Gateway.Chaos.Tests.Checking;

/// <summary>
/// What is known of one message: how often it was sent, what was answered, and where it stands. For one thread at a time.
/// </summary>
internal sealed class SentMessage(MessageId id, string channel, int connection, int storeLosses, long at)
{
    private readonly List<Position> _places = [];

    public MessageId Id { get; } = id;

    public string Channel { get; } = channel;

    /// <summary>The connection of the first attempt: only there a publisher's order is promised.</summary>
    public int Connection { get; } = connection;

    /// <summary>How often Redis had lost data before the first attempt.</summary>
    public int StoreLosses { get; } = storeLosses;

    /// <summary>When it was sent first.</summary>
    public long SentAt { get; } = at;

    public int Attempts { get; set; } = 1;

    /// <summary>Attempts of which the answer said that nothing was done.</summary>
    public int Refusals { get; set; }

    /// <summary>Every position it was seen at, by whoever.</summary>
    public IReadOnlyList<Position> Places => _places;

    public void AddPlace(Position place)
    {
        if (!_places.Contains(place))
            _places.Add(place);
    }
}
