using System.Collections.Concurrent;
using System.Text;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;

namespace Gateway.Client.Tests;

/// <summary>The examples that users copy are those of <see cref="DocumentExamples"/>, so they compile, and they work.</summary>
public sealed class DocumentTests
{
    [Theory]
    [InlineData("docs/clients.md", 7)]
    [InlineData("src/Client/README.md", 1)]
    public async Task Every_example_is_compiled_here_as_it_stands_there(string document, int atLeast)
    {
        string compiled = Unindented(await ReadAsync("tests/Client.Tests/DocumentExamples.cs"));

        var examples = (await ReadAsync(document)).Split("```csharp\n").Skip(1).Select(rest => rest.Split("```")[0]).ToList();

        Assert.True(examples.Count >= atLeast, $"{examples.Count} examples");
        Assert.All(examples, example =>
        {
            var lines = example.Split('\n').ToLookup(line => line.StartsWith("using ", StringComparison.Ordinal));
            string code = string.Join('\n', lines[false]).Replace("new Uri(\"ws://127.0.0.1:8080/ws\")", "url", StringComparison.Ordinal);
            Assert.Contains(Unindented(code), compiled, StringComparison.Ordinal);
            Assert.All(lines[true], line => Assert.Contains(line, compiled, StringComparison.Ordinal));
        });
    }

    [Fact]
    public async Task The_first_example_prints_what_it_published()
    {
        await using var server = await GatewayServer.StartAsync(Clients.Settings);
        using var console = new Lines();

        await DocumentExamples.FirstAsync(server.WebSocketUri, console).WaitAsync(Clients.Deadline);

        Assert.EndsWith(": hello", Assert.Single(console.Written), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_a_container_signs_in_with_the_callbacks_token()
    {
        const string Secret = "at least 32 bytes that nobody can guess";
        await using var server = await GatewayServer.StartAsync("Auth:Secret=" + Secret);

        await DocumentExamples.RegisterAsync(
            new ServiceCollection(), server.WebSocketUri, _ => new(SigningKey.OfSecret(Secret).Token("ann")));
    }

    [Fact]
    public async Task State_history_and_presence_work_as_shown()
    {
        await using var server = await GatewayServer.StartAsync([.. Clients.Settings, "Namespaces:orders:History=100"]);
        await using var client = Clients.To(server);
        using var stop = new CancellationTokenSource();
        int loaded = 0;
        var applied = new List<DocumentExamples.Order>();
        using var console = new Lines();

        var following = DocumentExamples.StateAsync(client, _ => { loaded++; return default; }, applied.Add, stop.Token);
        var watching = DocumentExamples.PresenceAsync(client, console, stop.Token);
        await Eventually.TrueAsync(() => loaded == 1 && !console.Written.IsEmpty, "both have started");
        Assert.True(await DocumentExamples.TryPublishAsync(client, new(1, 9.5m)));
        Assert.True(await DocumentExamples.TryPublishAsync(client, new(1, 9.5m)));
        Assert.True(await DocumentExamples.TryPublishAsync(client, new(2, 10)));
        await Eventually.TrueAsync(() => applied.Count == 2, "both orders have arrived");
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => following);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => watching);
        Assert.Equal([1, 2], await DocumentExamples.HistoryAsync(client));
        Assert.Equal(["1 here, 1 came, 0 left"], console.Written);
    }

    private static Task<string> ReadAsync(string path) => File.ReadAllTextAsync(Path.Combine(Repository.Root, path), Clients.Deadline);

    private static string Unindented(string code) => string.Join('\n', code.Split('\n').Select(line => line.Trim())).Trim();

    /// <summary>A console that keeps the lines. Safe for any thread.</summary>
    private sealed class Lines : TextWriter
    {
        public ConcurrentQueue<string?> Written { get; } = [];

        public override Encoding Encoding => Encoding.UTF8;

        public override void WriteLine(string? value) => Written.Enqueue(value);
    }
}
