namespace Gateway.Deploy.Tests.Image;

/// <summary>What is compiled ahead for the processor of the machine that builds.</summary>
[Collection(DotNet.Collection)]
public sealed class ReadyToRunTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("published-");

    [Fact]
    public async Task A_publish_without_a_profile_is_compiled_ahead()
    {
        await DotNet.RunAsync("publish", "src/Gateway", "-c", "Release", "-o", _folder.FullName);

        string[] ours = ["Gateway.dll", "Gateway.Server.dll", "Gateway.Protocol.dll"];
        Assert.All(ours, name => Assert.True(DotNet.IsCompiledAhead(Path.Combine(_folder.FullName, name)), name));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
