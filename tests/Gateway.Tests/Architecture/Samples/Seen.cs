namespace Gateway.Tests.Architecture.Samples;

/// <summary>A type that another folder uses in a field and in a call in a lambda, so that a test can see both uses found.</summary>
internal sealed class Seen
{
    public FolderUse? Field { get; init; }

    public static Func<string, object> Lambda() => static path => FolderUses.In(path, "Nothing");
}
