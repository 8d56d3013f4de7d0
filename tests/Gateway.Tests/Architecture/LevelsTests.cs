using System.Reflection;
using System.Text.RegularExpressions;
using Gateway.TestSupport;

namespace Gateway.Tests.Architecture;

/// <summary>
/// The order of the library's folders, which form no cycle. The tests read the order from the table "Levels" of docs/architecture.md and
/// compare it with the compiled assemblies.
/// </summary>
public sealed partial class LevelsTests
{
    private const string Root = "Gateway.Server";

    private static readonly string Server = Assembly.Load(Root).Location;

    /// <summary>The folders of the table, from the highest level to the lowest.</summary>
    private static readonly List<string> Folders = [.. Rows()];

    [Fact]
    public void A_folder_uses_only_folders_below_it()
    {
        var upwards = FolderUses.In(Server, Root).Where(use => Rank(use.To) < Rank(use.From)).ToList();
        Assert.True(upwards.Count == 0, string.Join('\n', upwards));
    }

    [Fact]
    public void Every_folder_has_its_place_in_the_table_and_every_row_its_folder()
    {
        var compiled = FolderUses.Folders(Server, Root);
        Assert.DoesNotContain(compiled, folder => Rank(folder) < 0);
        Assert.Empty(Folders.Except(compiled));
    }

    [Fact]
    public void The_test_sees_uses_in_fields_signatures_and_method_bodies()
    {
        var uses = FolderUses.In(Assembly.GetExecutingAssembly().Location, "Gateway.Tests").Where(use => use.Type == nameof(Samples.Seen))
            .ToList();
        Assert.Contains(uses, use => use.From == "Architecture/Samples" && use.Used == nameof(FolderUse));
        Assert.Contains(uses, use => use.From == "Architecture/Samples" && use.Used == nameof(FolderUses));
    }

    [Theory]
    [InlineData("Gateway.Protocol", "Microsoft.AspNetCore", "Microsoft.Extensions", "System.Net.Sockets", "Gateway.Server")]
    [InlineData("Gateway.Server", "Gateway.Client")]
    public void An_assembly_refers_to_nothing_above_it(string assembly, params string[] forbidden)
    {
        var references = Assembly.Load(assembly).GetReferencedAssemblies().Select(reference => reference.Name!);
        Assert.DoesNotContain(
            references, name => name == "Gateway" || forbidden.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)));
    }

    /// <summary>
    /// The folder's place in the table: its own row, or that of the nearest folder above it that has one; -1 for neither.
    /// </summary>
    private static int Rank(string folder)
    {
        int own = Folders.IndexOf(folder);
        int parent = folder.LastIndexOf('/');
        return own >= 0 || parent < 0 ? own : Rank(folder[..parent]);
    }

    private static IEnumerable<string> Rows()
    {
        string page = File.ReadAllText(Path.Combine(Repository.Root, "docs/architecture.md"));
        string section = page[page.IndexOf("## Levels", StringComparison.Ordinal)..];
        int end = section.IndexOf("\n## ", 3, StringComparison.Ordinal);
        return Row().Matches(end < 0 ? section : section[..end]).Select(match => match.Groups[1].Value);
    }

    /// <summary>One row of the table: its level, then its folder.</summary>
    [GeneratedRegex(@"^\| [0-6] \| `([A-Za-z/]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
