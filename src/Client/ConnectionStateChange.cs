namespace Gateway.Client;

/// <summary>A change of a client's state. Immutable.</summary>
/// <param name="State">The new state.</param>
/// <param name="Reason">The reason, for people. Null where there is none to give.</param>
/// <param name="CloseCode">The close code of the connection that ended. Null if none ended, or if it ended without a close frame.</param>
/// <param name="RetryIn">The time until the next attempt, in the state <see cref="ConnectionState.Waiting"/>.</param>
public sealed record ConnectionStateChange(ConnectionState State, string? Reason = null, int? CloseCode = null, TimeSpan? RetryIn = null);
