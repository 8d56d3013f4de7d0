using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Packages;

/// <summary>The packages that programs use. Those of npm are checked by <c>clients/typescript/test/packages.test.ts</c>.</summary>
[Collection(DotNet.Collection)]
public sealed class PackageTests
{
    private static readonly string Version = XDocument.Load(Path.Combine(Repository.Root, "Directory.Build.props"))
        .Descendants("Version").Single().Value;

    [Fact]
    public async Task Pack_makes_the_three_libraries_with_readme_and_licence_inside()
    {
        var folder = Directory.CreateTempSubdirectory("packages-");
        try
        {
            await DotNet.RunAsync(
                "pack", "Gateway.sln", "--configuration", DotNet.Configuration, "--no-build", "--output", folder.FullName);

            Assert.Equal(
                [$"Gateway.Client.{Version}.nupkg", $"Gateway.Protocol.{Version}.nupkg", $"Gateway.Server.{Version}.nupkg"],
                folder.GetFiles().Select(file => file.Name).Order(StringComparer.Ordinal));
            foreach (var package in folder.GetFiles())
                AssertIsComplete(package.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("clients/typescript/package.json")]
    [InlineData("clients/typescript/react/package.json")]
    public void Npm_packages_have_the_same_version(string manifest)
    {
        var package = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Root, manifest))).RootElement;

        Assert.Equal(Version, package.Text("version"));
        if (package.TryGetProperty("dependencies", out var dependencies))
            Assert.Equal("^" + Version, dependencies.Text("@gateway/client"));
    }

    [Fact]
    public void The_changelog_begins_with_this_version()
    {
        string newest = File.ReadLines(Path.Combine(Repository.Root, "CHANGELOG.md"))
            .First(line => line.StartsWith("## [", StringComparison.Ordinal));
        Assert.StartsWith($"## [{Version}]", newest, StringComparison.Ordinal);
    }

    private static void AssertIsComplete(string path)
    {
        using var package = ZipFile.OpenRead(path);
        var files = package.Entries.Select(entry => entry.FullName).ToHashSet();
        string id = Path.GetFileName(path)[..^$".{Version}.nupkg".Length];
        Assert.Superset(
            new HashSet<string>([$"lib/net10.0/{id}.dll", $"lib/net10.0/{id}.xml", "README.md", "LICENSE", $"{id}.nuspec"]), files);

        using var description = package.GetEntry($"{id}.nuspec")!.Open();
        var metadata = XDocument.Load(description).Root!.Elements().Single();
        string Of(string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;
        Assert.Equal((id, Version, "MIT", "README.md"), (Of("id"), Of("version"), Of("license"), Of("readme")));
        foreach (string name in new[] { "title", "authors", "description", "tags", "copyright" })
            Assert.NotEmpty(Of(name));
    }
}
