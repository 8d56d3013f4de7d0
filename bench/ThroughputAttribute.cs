using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Gateway.Bench;

/// <summary>Adds a column with the bytes a second of benchmarks with a parameter <c>Bytes</c>. Immutable.</summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class ThroughputAttribute : Attribute, IConfigSource
{
    public IConfig Config { get; } = ManualConfig.CreateEmpty().AddColumn(new Column());

    private sealed class Column : IColumn
    {
        public string Id => "Throughput";

        public string ColumnName => "GB/s";

        public string Legend => "Bytes of one call by its mean time, in 1,000,000,000 bytes a second";

        public bool AlwaysShow => true;

        public ColumnCategory Category => ColumnCategory.Custom;

        public int PriorityInCategory => 0;

        public bool IsNumeric => true;

        public UnitType UnitType => UnitType.Dimensionless;

        public bool IsAvailable(Summary summary) => true;

        public bool IsDefault(Summary summary, BenchmarkCase benchmarkCase) => false;

        public string GetValue(Summary summary, BenchmarkCase benchmarkCase) => GetValue(summary, benchmarkCase, summary.Style);

        // Bytes a nanosecond are gigabytes a second.
        public string GetValue(Summary summary, BenchmarkCase benchmarkCase, SummaryStyle style) =>
            summary[benchmarkCase]?.ResultStatistics is { } measured && benchmarkCase.Parameters["Bytes"] is int bytes
                ? (bytes / measured.Mean).ToString("N1", CultureInfo.InvariantCulture)
                : "-";
    }
}
