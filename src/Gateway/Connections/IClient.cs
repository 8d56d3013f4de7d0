namespace Gateway.Connections;

/// <summary>Safe for any thread, except where noted. What the API can ask of a connection whose user is known.</summary>
internal interface IClient
{
    string User { get; }

    /// <summary>What it is subscribed to.</summary>
    IReadOnlyList<string> Channels();

    /// <summary>Subscribes it as if it had asked and were allowed to. On its connection's read loop only.</summary>
    ValueTask<bool> SubscribeAsync(Channels.ChannelName channel);

    /// <summary>Ends a subscription and tells the client.</summary>
    /// <returns>False when there was none.</returns>
    bool TryUnsubscribe(ReadOnlySpan<byte> channel, string? reason);
}
