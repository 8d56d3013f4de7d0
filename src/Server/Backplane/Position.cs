namespace Gateway.Server.Backplane;

/// <summary>A place in a channel's stream: the last message at or before it. Immutable.</summary>
/// <param name="Epoch">Opaque; changes when the stream was lost, so that equal numbers of different streams are never confused.</param>
/// <param name="Seq">1, 2, 3 … without gaps within an epoch; 0 before the first message.</param>
internal readonly record struct Position(string Epoch, long Seq);
