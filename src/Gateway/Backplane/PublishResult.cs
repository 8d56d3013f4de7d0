namespace Gateway.Backplane;

/// <summary>Immutable. What became of a publish.</summary>
/// <param name="Accepted">False: the backplane is out of reach and the message was not taken.</param>
/// <param name="Position">The message's place; null in a namespace without history.</param>
internal readonly record struct PublishResult(bool Accepted, Position? Position);
