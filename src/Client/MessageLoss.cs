namespace Gateway.Client;

/// <summary>Immutable. Messages of a channel did not reach the application, or may not have: state built from them has to be loaded anew.</summary>
/// <param name="Channel">The channel's name.</param>
/// <param name="Reason">How it came about.</param>
public sealed record MessageLoss(string Channel, LossReason Reason);
