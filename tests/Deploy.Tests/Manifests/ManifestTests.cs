using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Manifests;

/// <summary>The files of <c>deploy</c> that nothing here can run, looked at by the scripts beside this file.</summary>
public sealed class ManifestTests
{
    [Theory]
    [InlineData("compose.mjs")]
    [InlineData("dockerfile.mjs")]
    [InlineData("kubernetes.mjs")]
    [InlineData("monitoring.mjs")]
    [InlineData("workflow.mjs")]
    public async Task They_are_valid_and_fit_each_other(string script)
    {
        await using var check = NodeScript.Start(
            Path.Combine(Repository.Root, "tests", "Deploy.Tests", "Manifests"), authority: null, script);
        // One of them runs a compiler.
        await check.PassedAsync(TimeSpan.FromMinutes(2));
    }

    [Fact]
    public async Task The_secret_as_it_stands_there_stops_the_start()
    {
        string text = await File.ReadAllTextAsync(DeployedFile.PathOf("kubernetes", "secret.yaml"));
        var values = text.Split("stringData:\n")[1]
            .Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => line.Trim().Split(": ", 2));

        await using var gateway = GatewayProcess.Launch(new GatewayLaunch
        {
            Development = false,
            Environment = values.ToDictionary(pair => pair[0], pair => pair[1]),
        });

        Assert.Equal(1, await gateway.ExitAsync());
        Assert.Contains("Gateway:Auth:Secret", gateway.Errors);
    }
}
