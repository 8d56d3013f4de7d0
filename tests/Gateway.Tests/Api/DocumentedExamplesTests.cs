using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.TestSupport;

namespace Gateway.Tests.Api;

/// <summary>The commands in docs/api.md, each run as the page shows it and compared with the answer below it.</summary>
public sealed partial class DocumentedExamplesTests
{
    /// <summary>Values that differ each time; the test compares only that each is present and of the same kind.</summary>
    private static readonly string[] Changing = ["epoch", "time", "started", "id", "node", "version", "address"];

    [Fact]
    public async Task Every_example_of_the_api_answers_as_documented()
    {
        await using var server = await GatewayServer.StartAsync("Namespaces:chat:History=100", "Namespaces:chat:Presence=true");
        string document = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/api.md"));
        var examples = Example().Matches(document);
        Assert.True(examples.Count >= 14);
        foreach (Match example in examples)
        {
            string command = example.Groups["command"].Value.Replace(
                "8081", server.InternalPort.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal);
            var answer = JsonDocument.Parse(await RunAsync(command)).RootElement;
            if (example.Groups["answer"].Success)
                Assert.Equal(Comparable(JsonDocument.Parse(example.Groups["answer"].Value).RootElement), Comparable(answer));
        }
    }

    private static async Task<string> RunAsync(string command)
    {
        using var shell = System.Diagnostics.Process.Start(
            new ProcessStartInfo("bash", ["-c", command]) { RedirectStandardOutput = true })!;
        string output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        Assert.Equal(0, shell.ExitCode);
        return output;
    }

    private static string Comparable(JsonElement element, string name = "") => element.ValueKind switch
    {
        JsonValueKind.Object => "{" + string.Join(
            ',', element.EnumerateObject().Select(field => $"{field.Name}:{Comparable(field.Value, field.Name)}")) + "}",
        JsonValueKind.Array => "[" + string.Join(',', element.EnumerateArray().Select(item => Comparable(item))) + "]",
        _ => Changing.Contains(name) ? element.ValueKind.ToString() : element.GetRawText(),
    };

    [GeneratedRegex(@"```sh\n(?<command>curl .+?)\n```\n(\n```json\n(?<answer>.+?)\n```\n)?", RegexOptions.Singleline)]
    private static partial Regex Example();
}
