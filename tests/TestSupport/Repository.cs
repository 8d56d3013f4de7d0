namespace Gateway.TestSupport;

/// <summary>The folder with the sources of these tests, for scripts and documents that are run from there.</summary>
public static class Repository
{
    /// <summary>The folder of the solution, found upwards from the tests' output.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Gateway.sln")))
                return folder.FullName;
        }
        throw new DirectoryNotFoundException("No Gateway.sln above " + AppContext.BaseDirectory);
    }
}
