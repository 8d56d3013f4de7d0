using System.Globalization;
using System.Text;

namespace Gateway.Server.Export.Prometheus;

/// <summary>Writes metrics in the Prometheus text format, version 0.0.4 (prometheus.io, "Exposition formats"). For one thread.</summary>
internal sealed class Exposition
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly StringBuilder _text = new();

    public void Begin(string name, string help, string type)
    {
        help = help.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        _text.Append("# HELP ").Append(name).Append(' ').Append(help).Append('\n');
        _text.Append("# TYPE ").Append(name).Append(' ').Append(type).Append('\n');
    }

    public void Sample(string name, ReadOnlySpan<KeyValuePair<string, object?>> labels, double value)
    {
        _text.Append(name);
        AppendLabels(labels);
        _text.Append(' ').Append(Number(value)).Append('\n');
    }

    /// <summary>A metric of one number.</summary>
    public void Metric(string name, string help, string type, double value)
    {
        Begin(name, help, type);
        Sample(name, [], value);
    }

    /// <param name="name">The family's name.</param>
    /// <param name="labels">The series' labels.</param>
    /// <param name="bounds">Upper bounds of the buckets, without the last, which has none.</param>
    /// <param name="buckets">The count in each, one more than bounds.</param>
    /// <param name="sum">Of all values.</param>
    public void Histogram(
        string name, ReadOnlySpan<KeyValuePair<string, object?>> labels, IReadOnlyList<double> bounds, IReadOnlyList<long> buckets,
        double sum)
    {
        long count = 0;
        for (int i = 0; i < buckets.Count; i++)
        {
            count += buckets[i];
            Sample(name + "_bucket", [.. labels, new("le", Number(i < bounds.Count ? bounds[i] : double.PositiveInfinity))], count);
        }
        Sample(name + "_sum", labels, sum);
        Sample(name + "_count", labels, count);
    }

    public override string ToString() => _text.ToString();

    private void AppendLabels(ReadOnlySpan<KeyValuePair<string, object?>> labels)
    {
        if (labels.IsEmpty)
            return;
        _text.Append('{');
        for (int i = 0; i < labels.Length; i++)
        {
            string value = Convert.ToString(labels[i].Value, CultureInfo.InvariantCulture) ?? "";
            value = value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)
                .Replace("\n", "\\n", StringComparison.Ordinal);
            _text.Append(i == 0 ? "" : ",").Append(labels[i].Key).Append("=\"").Append(value).Append('"');
        }
        _text.Append('}');
    }

    private static string Number(double value) =>
        double.IsPositiveInfinity(value) ? "+Inf"
        : double.IsNegativeInfinity(value) ? "-Inf"
        : value.ToString(CultureInfo.InvariantCulture);
}
