namespace Gateway.Server.Backplane;

/// <summary>What became of a publish; <c>default</c> is a refusal. Immutable.</summary>
/// <param name="Outcome">What is known of it.</param>
/// <param name="Position">The message's place; null in a namespace without history, and where it was not accepted.</param>
internal readonly record struct PublishResult(PublishOutcome Outcome, Position? Position)
{
    public bool IsAccepted => Outcome == PublishOutcome.Accepted;
}
