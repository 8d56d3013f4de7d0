namespace Gateway.Server.Audit;

/// <summary>A connection that did not keep up, and what was done. Immutable.</summary>
/// <param name="Time">When the last action was taken, in Unix milliseconds.</param>
/// <param name="Connection">The id of the connection.</param>
/// <param name="Policy">As in <c>gateway_slow_consumers_total</c>; <c>disconnect</c> where the connection was closed.</param>
/// <param name="Channel">The channel of the message that found no room.</param>
/// <param name="Dropped">Messages dropped for this connection until then.</param>
/// <param name="User">The user of the connection; null where no user is known.</param>
/// <param name="Address">The client's address, as trusted proxies forward it.</param>
internal sealed record RecentSlowConsumer(
    long Time, string Connection, string Policy, string Channel, long Dropped, string? User = null, string? Address = null);
