using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Gateway.Bench;

/// <summary>Adds a column with the bytes a second of benchmarks with a parameter <c>Bytes</c>. Immutable.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ThroughputAttribute : Attribute, IConfigSource
{
    public IConfig Config { get; } = ManualConfig.CreateEmpty().AddColumn(
        new ResultColumn("GB/s", "Bytes of one call by its mean time, in 1,000,000,000 bytes a second", GigabytesPerSecond));

    // Bytes a nanosecond are gigabytes a second.
    private static string GigabytesPerSecond(Summary summary, BenchmarkCase benchmark) =>
        summary[benchmark]?.ResultStatistics is { } measured && benchmark.Parameters["Bytes"] is int bytes
            ? (bytes / measured.Mean).ToString("N1", CultureInfo.InvariantCulture)
            : "-";
}
