using Gateway.Server.Naming;

namespace Gateway.Server.Connections;

/// <summary>Safe for any thread, except where noted. What the API can ask of a connection whose user is known.</summary>
internal interface IClientSession
{
    string User { get; }

    /// <summary>What it is subscribed to.</summary>
    IReadOnlyList<string> Channels();

    /// <summary>
    /// Subscribes it as if it had asked and were allowed to, in turn with what it asked for itself. On its connection's read loop only.
    /// </summary>
    /// <returns>Whether it is subscribed.</returns>
    ValueTask<bool> SubscribeAsync(ChannelName channel);

    /// <summary>
    /// Ends a subscription and tells the client, in turn with what it asked for itself. On its connection's read loop only.
    /// </summary>
    /// <returns>False when there was none.</returns>
    ValueTask<bool> UnsubscribeAsync(ChannelName channel, string? reason);

    /// <summary>Completes when more may be asked for. On its connection's read loop only.</summary>
    ValueTask WaitForCapacityAsync();
}
