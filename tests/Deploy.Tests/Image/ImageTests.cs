using System.Diagnostics;
using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Image;

/// <summary>
/// The published file, started as the image starts it: by its entry point, with its environment, as its user, on a folder that is
/// read-only.
/// </summary>
[Collection(DotNet.Collection)]
public sealed class ImageTests(PublishedGateway published) : IClassFixture<PublishedGateway>
{
    private const string Secret = "at least 32 bytes that nobody can guess";

    [Fact]
    public async Task It_serves_and_writes_nothing()
    {
        await using var gateway = await StartAsync("Auth:Secret=" + Secret, "Drain:Duration=00:00:00");
        Assert.Equal(PublishedGateway.User, Environment.IsPrivilegedProcess ? UserOf(gateway.Id) : PublishedGateway.User);

        string token = SigningKey.OfSecret(Secret).Token("ann");
        await using (var client = await JsonClient.ConnectAsync(new Uri($"{gateway.WebSocketUri}?token={token}")))
            Assert.Equal("ann", client.User);

        gateway.Terminate();
        Assert.Equal(0, await gateway.ExitAsync());
        Assert.Empty(gateway.Errors);
        Assert.DoesNotContain("warn", gateway.Output);
        Assert.Equal(["Gateway"], published.Files);
    }

    [Fact]
    public async Task Its_health_check_tells_a_gateway_that_answers_from_one_that_does_not()
    {
        await using var gateway = await StartAsync("Auth:Secret=" + Secret);
        string port = $"--Gateway:Internal=http://127.0.0.1:{gateway.InternalPort}";

        Assert.Equal((0, """{"status":"live"}"""), await CheckAsync(published.HealthCheck, port));
        gateway.Kill();
        await gateway.ExitAsync();
        var (code, words) = await CheckAsync(published.HealthCheck, port);
        Assert.Equal(1, code);
        Assert.StartsWith($"No answer from http://127.0.0.1:{gateway.InternalPort}/health/live: ", words, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_asks_whether_it_is_ready_where_nothing_else_is_asked()
    {
        // Nobody listens there.
        string redis = $"Redis:Addresses=127.0.0.1:{LoopbackPorts.Next()}";
        await using var gateway = await StartAsync("Auth:Secret=" + Secret, redis);
        string port = $"--Gateway:Internal=http://127.0.0.1:{gateway.InternalPort}";

        var (code, words) = await CheckAsync([.. published.EntryPoint, "health"], port);
        Assert.Equal(1, code);
        Assert.Contains("not ready", words);
        Assert.Equal(0, (await CheckAsync([.. published.EntryPoint, "health", "live"], port)).Code);
    }

    [Fact]
    public async Task Without_a_key_it_does_not_start()
    {
        await using var gateway = GatewayProcess.Launch(new GatewayLaunch
        {
            Command = published.EntryPoint,
            Folder = published.Folder,
            Environment = published.Environment,
            Development = false,
        });

        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Contains("set Gateway:Auth:Secret or Gateway:Auth:Jwks", gateway.Errors, StringComparison.Ordinal);
    }

    private Task<GatewayProcess> StartAsync(params string[] settings) => GatewayProcess.StartAsync(new GatewayLaunch
    {
        Command = published.EntryPoint,
        Folder = published.Folder,
        Environment = published.Environment,
        Development = false,
        Settings = settings,
    });

    private async Task<(int Code, string Words)> CheckAsync(string[] command, string setting)
    {
        var start = new ProcessStartInfo(command[0], [.. command[1..], setting])
        {
            WorkingDirectory = published.Folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in published.Environment)
            start.Environment[name] = value;
        using var process = Process.Start(start)!;
        string words = await process.StandardOutput.ReadToEndAsync() + await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, words.Trim());
    }

    private static int UserOf(int process)
    {
        string users = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("Uid:", StringComparison.Ordinal));
        return int.Parse(users.Split('\t')[1], CultureInfo.InvariantCulture);
    }
}
