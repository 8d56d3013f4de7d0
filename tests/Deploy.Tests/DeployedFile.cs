using Gateway.TestSupport;

namespace Gateway.Deploy.Tests;

/// <summary>Files of the folder <c>deploy</c>, as a user copies them. Stateless.</summary>
internal static class DeployedFile
{
    public static string PathOf(params string[] path) => Path.Combine([Repository.Root, "deploy", .. path]);

    /// <summary>Puts this machine's addresses and paths in place of those that the file has for its readers to replace.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="replacements">What the file has, and what it becomes everywhere. The file must have it.</param>
    public static string With(string text, IEnumerable<(string Written, string Here)> replacements)
    {
        foreach (var (written, here) in replacements)
        {
            if (!text.Contains(written, StringComparison.Ordinal))
                throw new InvalidDataException($"The file no longer has '{written}'.");
            text = text.Replace(written, here, StringComparison.Ordinal);
        }
        return text;
    }
}
