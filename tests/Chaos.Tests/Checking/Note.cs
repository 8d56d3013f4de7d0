namespace Gateway.Chaos.Tests.Checking;

/// <summary>One thing that a subscriber did or heard, kept for the context of a problem. Immutable.</summary>
internal readonly record struct Note(long At, string What, Position Position, MessageId Message)
{
    public override string ToString() =>
        $"{RunClock.Text(At)}  {What}{(Position.Epoch is null ? "" : " " + Position)}{(Message == default ? "" : " " + Message)}";
}
