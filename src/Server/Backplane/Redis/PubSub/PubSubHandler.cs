namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// Takes one message after the other of a channel, in Redis's order. It must be quick, and must neither wait nor throw: all other channels
/// wait for it.
/// </summary>
/// <param name="message">The message, which is valid during the call only.</param>
internal delegate void PubSubHandler(ReadOnlySpan<byte> message);
