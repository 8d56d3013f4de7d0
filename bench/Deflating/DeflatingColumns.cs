using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
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
        new Column("MB/s", "Bytes of one message by the mean time, in 1,000,000 bytes a second", MegabytesPerSecond),
        new Column("size", "The deflated message, of the message", Size));

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

    private sealed class Column(string name, string legend, Func<Summary, BenchmarkCase, string> value) : IColumn
    {
        public string Id => name;

        public string ColumnName => name;

        public string Legend => legend;

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => value(summary, benchmarkCase);

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) => value(summary, benchmarkCase);
    }
}
