namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// Gets one message after the other of a channel, in Redis's order. Quick, without waiting, and without throwing: all other channels wait
/// for it.
/// </summary>
/// <param name="message">Good during the call only.</param>
internal delegate void PubSubHandler(ReadOnlySpan<byte> message);
