namespace Gateway.Tests.Architecture;

/// <summary>The use of one type by a type of another folder.</summary>
internal sealed record FolderUse(string From, string Type, string To, string Used)
{
    public override string ToString() => $"{From}/{Type} uses {To}/{Used}";
}
