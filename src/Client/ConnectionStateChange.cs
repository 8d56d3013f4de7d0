namespace Gateway.Client;

/// <summary>Immutable. A client's new state.</summary>
/// <param name="State">What it is now.</param>
/// <param name="Reason">Why, for people, where there is something to say.</param>
/// <param name="CloseCode">The close code of the connection that ended; null if none did, or without a word.</param>
/// <param name="RetryIn">When <see cref="ConnectionState.Waiting"/>, until the next attempt.</param>
public sealed record ConnectionStateChange(ConnectionState State, string? Reason = null, int? CloseCode = null, TimeSpan? RetryIn = null);
