namespace Gateway.Client;

/// <summary>A place in a channel's history. Immutable.</summary>
/// <param name="Epoch">An opaque name. Another epoch means that positions were lost and started over.</param>
/// <param name="Seq">1 for the first message of the epoch, then without gaps. 0 is the place before the first message.</param>
public readonly record struct Position(string Epoch, long Seq);
