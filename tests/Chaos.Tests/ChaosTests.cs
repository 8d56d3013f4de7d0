using System.Globalization;
using Gateway.Chaos.Tests.Run;

namespace Gateway.Chaos.Tests;

/// <summary>The run, short unless the environment asks for more.</summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Under_faults_nothing_is_lost_doubled_or_reordered_without_being_told()
    {
        var report = await ChaosRun.RunAsync(new ChaosOptions
        {
            Seed = (int)Number("GATEWAY_CHAOS_SEED", 1),
            Duration = TimeSpan.FromSeconds(Number("GATEWAY_CHAOS_SECONDS", 30)),
        });

        output.WriteLine(report.ToString());
        Assert.True(report.IsClean, report.ToString());
    }

    private static double Number(string name, double otherwise) =>
        Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? double.Parse(text, CultureInfo.InvariantCulture) : otherwise;
}
