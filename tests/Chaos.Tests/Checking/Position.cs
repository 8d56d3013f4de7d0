namespace Gateway.Chaos.Tests.Checking;

/// <summary>A place in a channel with history, as clients know it. Immutable.</summary>
internal readonly record struct Position(string Epoch, long Seq)
{
    public override string ToString() => $"{Epoch}/{Seq}";
}
