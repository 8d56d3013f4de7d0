namespace Gateway.Client;

/// <summary>
/// A report that messages of a channel did not reach the application, or may not have. State built from messages has to be loaded anew.
/// Immutable.
/// </summary>
/// <param name="Channel">The channel's name.</param>
/// <param name="Reason">The reason of the loss.</param>
public sealed record MessageLoss(string Channel, LossReason Reason);
