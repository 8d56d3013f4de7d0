using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Image;

/// <summary>The other profile: for machines and images that have the runtime.</summary>
[Collection(DotNet.Collection)]
public sealed class FrameworkDependentTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("published-");

    [Fact]
    public async Task It_serves_and_is_for_any_processor()
    {
        await DotNet.RunAsync("publish", "src/Gateway", "-p:PublishProfile=framework-dependent", "-o", _folder.FullName);

        await using var gateway = await GatewayProcess.StartAsync(
            new GatewayLaunch { Command = ["dotnet", Path.Combine(_folder.FullName, "Gateway.dll")] });
        await using var client = await JsonClient.ConnectAsync(gateway.WebSocketUri);
        Assert.StartsWith("anonymous-", client.User, StringComparison.Ordinal);
        Assert.False(DotNet.IsCompiledAhead(Path.Combine(_folder.FullName, "Gateway.Server.dll")));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
