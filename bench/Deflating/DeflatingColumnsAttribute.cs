using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Gateway.Bench.Deflating;

/// <summary>
/// Adds columns with the bytes a second of <see cref="MessageDeflating"/>, and with what is left of a message. Immutable.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class DeflatingColumnsAttribute : Attribute, IConfigSource
{
    public IConfig Config { get; } = ManualConfig.CreateEmpty().AddColumn(
        new ResultColumn("MB/s", "Bytes of one message by the mean time, in 1,000,000 bytes a second", MegabytesPerSecond),
        new ResultColumn("size", "The deflated message, of the message", Size));

    // Bytes a nanosecond are gigabytes a second.
    private static string MegabytesPerSecond(Summary summary, BenchmarkCase benchmark) =>
        summary[benchmark]?.ResultStatistics is { } measured
            ? (1000 * (int)benchmark.Parameters["Bytes"] / measured.Mean).ToString("N0", CultureInfo.InvariantCulture)
            : "-";

    private static string Size(Summary summary, BenchmarkCase benchmark)
    {
        var deflating = new MessageDeflating
        {
            Bytes = (int)benchmark.Parameters["Bytes"],
            Candidate = (Candidate)benchmark.Parameters["Candidate"],
        };
        deflating.Setup();
        double size = (double)deflating.Deflate() / deflating.Bytes;
        deflating.Cleanup();
        return size.ToString("P0", CultureInfo.InvariantCulture);
    }
}
