using System.Diagnostics;
using System.Globalization;

namespace Gateway.Deploy.Tests.Service;

/// <summary><c>deploy/systemd/gateway.service</c>.</summary>
public sealed class UnitTests : IDisposable
{
    private static readonly string Text = File.ReadAllText(DeployedFile.PathOf("systemd", "gateway.service"));

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("unit-");

    [Fact]
    public async Task Systemd_finds_no_fault_with_it()
    {
        string unit = Path.Combine(_folder.FullName, "gateway.service");
        await File.WriteAllTextAsync(unit, DeployedFile.With(Text, [("/opt/gateway/Gateway", "/bin/true")]));
        using var verify = Process.Start(
            new ProcessStartInfo("systemd-analyze", ["verify", "--man=no", unit]) { RedirectStandardError = true })!;

        // What other units of this machine have wrong is told too.
        string faults = await verify.StandardError.ReadToEndAsync();
        await verify.WaitForExitAsync();

        Assert.DoesNotContain("gateway.service", faults);
    }

    [Fact]
    public void It_waits_for_the_drain()
    {
        Assert.Equal("notify", Value("Type"));
        Assert.True(int.Parse(Value("TimeoutStopSec"), CultureInfo.InvariantCulture) >= 30 + 10);
        Assert.Equal("1048576", Value("LimitNOFILE"));
    }

    private static string Value(string key) =>
        Text.Split('\n').Single(line => line.StartsWith(key + "=", StringComparison.Ordinal))[(key.Length + 1)..];

    public void Dispose() => _folder.Delete(recursive: true);
}
