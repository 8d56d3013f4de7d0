namespace Gateway.Tests.Architecture.Samples;

/// <summary>For the test that the test of levels sees a field, and a call in a lambda.</summary>
internal sealed class Seen
{
    public FolderUse? Field { get; init; }

    public static Func<string, object> Lambda() => static path => FolderUses.In(path, "Nothing");
}
