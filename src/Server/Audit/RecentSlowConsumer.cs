namespace Gateway.Server.Audit;

/// <summary>Immutable. A connection that did not keep up, and what was done.</summary>
/// <param name="Time">Of the last action that is known here, Unix milliseconds.</param>
/// <param name="Connection">Its id.</param>
/// <param name="Policy">As in <c>gateway_slow_consumers_total</c>; <c>disconnect</c> where the connection was closed.</param>
/// <param name="Channel">Whose message found no room.</param>
/// <param name="Dropped">Messages dropped for this connection until then.</param>
/// <param name="User">Whose connection it is; null where that is not known.</param>
/// <param name="Address">Where the client is, as far as trusted proxies tell.</param>
internal sealed record RecentSlowConsumer(long Time, string Connection, string Policy, string Channel, long Dropped, string? User = null, string? Address = null);
