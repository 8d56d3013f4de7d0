namespace Gateway.Chaos.Tests.Checking;

/// <summary>Immutable. A place in a channel with history, as clients know it.</summary>
internal readonly record struct Position(string Epoch, long Seq)
{
    public override string ToString() => $"{Epoch}/{Seq}";
}
