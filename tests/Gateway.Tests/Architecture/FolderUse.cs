namespace Gateway.Tests.Architecture;

/// <summary>One type uses another of another folder.</summary>
internal sealed record FolderUse(string From, string Type, string To, string Used)
{
    public override string ToString() => $"{From}/{Type} uses {To}/{Used}";
}
