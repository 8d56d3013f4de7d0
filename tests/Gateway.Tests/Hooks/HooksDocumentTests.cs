using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Gateway.TestSupport;
using NodeProcess = System.Diagnostics.Process;

namespace Gateway.Tests.Hooks;

/// <summary>The example of docs/hooks.md, run as the page shows it but for the ports.</summary>
public sealed partial class HooksDocumentTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("hooks-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task The_backend_in_the_document_does_what_the_document_says()
    {
        string document = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "docs", "hooks.md"), TestContext.Current.CancellationToken);
        string port = LoopbackPorts.Next().ToString(CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(
            Path.Combine(_folder.FullName, "backend.mjs"),
            Script().Match(document).Groups[1].Value.Replace("9000", port, StringComparison.Ordinal),
            TestContext.Current.CancellationToken);
        await RunAsync(Secret().Match(document).Value);
        await using var backend = new Node(_folder.FullName);
        await backend.SaysAsync("waiting");
        string secret = (await File.ReadAllTextAsync(
            Path.Combine(_folder.FullName, "hooks.secret"), TestContext.Current.CancellationToken)).Trim();
        var settings = Setting().Matches(document).Select(match => match.Groups[1].Value.Replace("9000", port, StringComparison.Ordinal));
        await using var server = await GatewayServer.StartAsync([.. settings, "Hooks:Secret=" + secret]);

        var commands = Command().Matches(document);
        Assert.Equal(3, commands.Count);
        foreach (Match command in commands)
        {
            string output = await RunAsync(
                command.Groups["command"].Value.Replace(
                    "8080", server.PublicPort.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
            if (command.Groups["answer"].Success)
                Assert.Equal(command.Groups["answer"].Value, output);
        }
        // A message without content, which the page has no command for, does not end the backend either.
        string published = await RunAsync(
            $$"""curl -s http://127.0.0.1:{{server.PublicPort}}/publish -d '{"channel":"news","attachments":["AQID"]}'""");
        Assert.Equal("""{"channel":"news"}""", published);

        await backend.SaysAsync("disconnected anonymous-");
        Assert.Matches(
            @"^waiting\nconnected anonymous-\S+ \noccupied  news\nvacated  news\ndisconnected anonymous-\S+ \n$", backend.Output);
    }

    [Fact]
    public async Task Every_piece_of_JSON_in_the_document_is_JSON()
    {
        string document = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "docs", "hooks.md"), TestContext.Current.CancellationToken);
        var pieces = Json().Matches(document);
        Assert.True(pieces.Count >= 8);
        Assert.All(pieces, piece => JsonDocument.Parse(piece.Groups[1].Value));
    }

    private async Task<string> RunAsync(string command)
    {
        using var shell = NodeProcess.Start(
            new ProcessStartInfo("bash", ["-c", command]) { WorkingDirectory = _folder.FullName, RedirectStandardOutput = true })!;
        string output = await shell.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await shell.WaitForExitAsync(TestContext.Current.CancellationToken);
        return output;
    }

    [GeneratedRegex(@"```js\n(.+?)```", RegexOptions.Singleline)]
    private static partial Regex Script();

    [GeneratedRegex(@"^echo .+ > hooks\.secret$", RegexOptions.Multiline)]
    private static partial Regex Secret();

    [GeneratedRegex(@"--Gateway:(\S+)")]
    private static partial Regex Setting();

    [GeneratedRegex(@"```sh\n(?<command>curl .+?)\n```\n(\n```json\n(?<answer>.+?)\n```\n)?", RegexOptions.Singleline)]
    private static partial Regex Command();

    [GeneratedRegex(@"```json\n(.+?)```", RegexOptions.Singleline)]
    private static partial Regex Json();

    private sealed class Node : IAsyncDisposable
    {
        private readonly NodeProcess _process;
        private readonly StringBuilder _output = new();

        public Node(string folder)
        {
            _process = new NodeProcess
            {
                StartInfo = new ProcessStartInfo("node", ["backend.mjs"]) { WorkingDirectory = folder, RedirectStandardOutput = true },
            };
            _process.OutputDataReceived += (_, line) => Append(line.Data);
            _process.Start();
            _process.BeginOutputReadLine();
        }

        public string Output
        {
            get
            {
                lock (_output)
                    return _output.ToString();
            }
        }

        public Task SaysAsync(string text) =>
            Eventually.TrueAsync(() => Output.Contains(text, StringComparison.Ordinal), $"the backend says '{text}'");

        private void Append(string? line)
        {
            lock (_output)
            {
                if (line is not null)
                    _output.Append(line).Append('\n');
            }
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
