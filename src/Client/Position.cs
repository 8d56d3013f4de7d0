namespace Gateway.Client;

/// <summary>Immutable. A place in a channel's history.</summary>
/// <param name="Epoch">Opaque; another one means that the positions were lost and started over.</param>
/// <param name="Seq">1 for the first message of the epoch, then without gaps; 0 before the first.</param>
public readonly record struct Position(string Epoch, long Seq);
