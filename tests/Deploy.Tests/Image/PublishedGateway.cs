using System.Text.Json;
using System.Text.RegularExpressions;

namespace Gateway.Deploy.Tests.Image;

/// <summary>
/// The content of <c>/app</c> in the image of <c>deploy/docker/Dockerfile</c>: published by the same profile, in a folder in which nobody
/// may write; and how the image runs it. Immutable once made.
/// </summary>
public sealed partial class PublishedGateway : IAsyncLifetime
{
    private const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    private const UnixFileMode Execute = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    private static readonly string[] Dockerfile = File.ReadAllLines(DeployedFile.PathOf("docker", "Dockerfile"));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("published-");

    /// <summary>The image's user, who is nobody here.</summary>
    public const int User = 1654;

    /// <summary>The image's ENTRYPOINT, in the folder that was published to.</summary>
    public string[] EntryPoint => [.. AsItsUser, .. Here(Instruction("ENTRYPOINT"))];

    /// <summary>The image's HEALTHCHECK.</summary>
    public string[] HealthCheck =>
        [.. AsItsUser, .. Here(Instruction("HEALTHCHECK")[(Instruction("HEALTHCHECK").IndexOf("CMD ", StringComparison.Ordinal) + 4)..])];

    /// <summary>The image's ENV.</summary>
    public Dictionary<string, string> Environment { get; } =
        Dockerfile.Where(line => line.StartsWith("ENV ", StringComparison.Ordinal))
            .Select(line => line[4..].Split('=', 2))
            .ToDictionary(pair => pair[0], pair => pair[1]);

    /// <summary>The files in the folder.</summary>
    public IEnumerable<string> Files => _folder.EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(file => file.Name);

    /// <summary>The folder itself.</summary>
    public string Folder => _folder.FullName;

    public async ValueTask InitializeAsync()
    {
        string command = Dockerfile.Single(line => line.StartsWith("RUN dotnet publish ", StringComparison.Ordinal));
        // The builder's processor is this machine's.
        await DotNet.RunAsync([.. Publish().Match(command).Groups[1].Value.Split(' '), "-o", _folder.FullName]);
        // The one file that is copied into the image.
        foreach (var file in _folder.GetFileSystemInfos().Where(file => file.Name != "Gateway"))
            file.Delete();
        File.SetUnixFileMode(Path.Combine(_folder.FullName, "Gateway"), Read | Execute);
        File.SetUnixFileMode(_folder.FullName, Read | Execute);
    }

    public ValueTask DisposeAsync()
    {
        File.SetUnixFileMode(_folder.FullName, Read | Execute | UnixFileMode.UserWrite);
        _folder.Delete(recursive: true);
        return ValueTask.CompletedTask;
    }

    /// <summary>Only root can become another user; anybody else is none to be afraid of already.</summary>
    private static string[] AsItsUser => System.Environment.IsPrivilegedProcess
        ? ["setpriv", $"--reuid={User}", $"--regid={User}", "--clear-groups", "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all"]
        : [];

    private static string Instruction(string name) =>
        Dockerfile.Single(line => line.StartsWith(name + " ", StringComparison.Ordinal))[(name.Length + 1)..];

    private string[] Here(string json)
    {
        var words = JsonSerializer.Deserialize<string[]>(json)!;
        return [.. words.Select(word => word.Replace("/app/", _folder.FullName + "/", StringComparison.Ordinal))];
    }

    [GeneratedRegex(@"RUN dotnet (publish src/Gateway -p:PublishProfile=[\w-]+) -a \$TARGETARCH -o /publish$")]
    private static partial Regex Publish();
}
