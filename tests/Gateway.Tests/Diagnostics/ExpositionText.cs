using System.Globalization;
using System.Text.RegularExpressions;

namespace Gateway.Tests.Diagnostics;

/// <summary>
/// A reader of the Prometheus text format 0.0.4 that throws at anything the rules forbid, where a real Prometheus may be more lenient:
/// https://prometheus.io/docs/instrumenting/exposition_formats/. For one thread.
/// </summary>
internal sealed partial class ExpositionText
{
    private readonly Dictionary<string, Family> _families = [];

    private ExpositionText()
    {
    }

    public IReadOnlyDictionary<string, Family> Families => _families;

    public static ExpositionText Parse(string text)
    {
        if (!text.EndsWith('\n'))
            throw new FormatException("the last line must end in a line feed");
        if (text.Contains('\r', StringComparison.Ordinal))
            throw new FormatException("lines end in a line feed alone");
        var parsed = new ExpositionText();
        Family? current = null;
        foreach (string line in text[..^1].Split('\n'))
            current = parsed.Read(line, current);
        foreach (var family in parsed._families.Values)
            family.Check();
        return parsed;
    }

    /// <summary>The value of a series; null when there is none.</summary>
    /// <param name="name">Of the sample, so with <c>_count</c> where it is a histogram's.</param>
    /// <param name="labels">As <c>code="1000"</c>.</param>
    public double? Value(string name, string labels = "")
    {
        var found = _families.Values.SelectMany(family => family.Samples).Where(sample => sample.Name == name && sample.LabelText == labels)
            .ToList();
        return found.Count == 0 ? null : found.Single().Value;
    }

    private Family Read(string line, Family? current)
    {
        if (HelpLine().Match(line) is { Success: true } help)
        {
            var family = new Family(help.Groups["name"].Value);
            // A family's lines stand together, so a second beginning is an error.
            _families.Add(family.Name, family);
            return family;
        }
        if (TypeLine().Match(line) is { Success: true } type)
        {
            if (current is null || current.Name != type.Groups["name"].Value || current.Type is not null || current.Samples.Count > 0)
                throw new FormatException($"TYPE comes once, after HELP and before the samples: '{line}'");
            current.Type = type.Groups["type"].Value;
            return current;
        }
        if (SampleLine().Match(line) is not { Success: true } sample)
            throw new FormatException($"neither HELP, TYPE nor a sample: '{line}'");
        if (current?.Type is null)
            throw new FormatException($"a sample without TYPE: '{line}'");
        current.Add(Sample.Of(sample));
        return current;
    }

    [GeneratedRegex(@"^# HELP (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<help>([^\\\n]|\\\\|\\n)+)$")]
    private static partial Regex HelpLine();

    [GeneratedRegex(@"^# TYPE (?<name>[a-zA-Z_:][a-zA-Z0-9_:]*) (?<type>counter|gauge|histogram|summary|untyped)$")]
    private static partial Regex TypeLine();

    [GeneratedRegex(
        @"^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)" +
        @"(\{(?<labels>[a-zA-Z_][a-zA-Z0-9_]*=""([^""\\\n]|\\\\|\\""|\\n)*""" +
        @"(,[a-zA-Z_][a-zA-Z0-9_]*=""([^""\\\n]|\\\\|\\""|\\n)*"")*)\})?" +
        " (?<value>[^ ]+)$")]
    private static partial Regex SampleLine();

    /// <summary>One metric with its samples.</summary>
    internal sealed class Family(string name)
    {
        private readonly HashSet<string> _seen = [];

        public string Name { get; } = name;

        public string? Type { get; set; }

        public List<Sample> Samples { get; } = [];

        public void Add(Sample sample)
        {
            string[] suffixes = Type == "histogram" ? ["_bucket", "_sum", "_count"] : [""];
            if (!suffixes.Any(suffix => sample.Name == Name + suffix))
                throw new FormatException($"{sample.Name} is no sample of the {Type} {Name}");
            if (!_seen.Add(sample.Name + sample.LabelText))
                throw new FormatException($"{sample.Name}{{{sample.LabelText}}} is there twice");
            if (sample.Labels.Select(label => label.Name).Distinct().Count() != sample.Labels.Count)
                throw new FormatException($"a label is there twice: {sample.LabelText}");
            Samples.Add(sample);
        }

        public void Check()
        {
            if (Type is null)
                throw new FormatException($"{Name} has no TYPE");
            if (Type == "counter" != Name.EndsWith("_total", StringComparison.Ordinal))
                throw new FormatException($"counters, and they alone, end in _total: {Type} {Name}");
            if (Type == "counter" && Samples.Any(sample => !(sample.Value >= 0)))
                throw new FormatException($"the counter {Name} is negative");
            if (Type == "histogram")
                CheckHistogram();
        }

        private void CheckHistogram()
        {
            var series = Samples.GroupBy(sample => string.Join(',', sample.Labels.Where(label => label.Name != "le")));
            foreach (var one in series)
            {
                var buckets = one.Where(sample => sample.Name == Name + "_bucket").ToList();
                var bounds = buckets.Select(bucket => Number(bucket.Labels.Single(label => label.Name == "le").Value)).ToList();
                double count = one.Single(sample => sample.Name == Name + "_count").Value;
                _ = one.Single(sample => sample.Name == Name + "_sum");
                if (!bounds.SequenceEqual(bounds.Order()) || bounds[^1] != double.PositiveInfinity)
                    throw new FormatException($"the buckets of {Name} must ascend to +Inf");
                if (!buckets.Select(bucket => bucket.Value).SequenceEqual(buckets.Select(bucket => bucket.Value).Order())
                    || buckets[^1].Value != count)
                    throw new FormatException($"the buckets of {Name} must be cumulative and end in its count");
            }
        }
    }

    /// <summary>One line with a value.</summary>
    internal sealed record Sample(string Name, string LabelText, IReadOnlyList<(string Name, string Value)> Labels, double Value)
    {
        public static Sample Of(Match line)
        {
            string labels = line.Groups["labels"].Value;
            var pairs = Label().Matches(labels).Select(match => (match.Groups[1].Value, match.Groups[2].Value));
            return new Sample(line.Groups["name"].Value, labels, [.. pairs], Number(line.Groups["value"].Value));
        }
    }

    /// <summary>Parses the numbers that both .NET writes and Go's ParseFloat takes.</summary>
    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        "-Inf" => double.NegativeInfinity,
        "NaN" => double.NaN,
        _ => double.Parse(
            text,
            NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent,
            CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"([a-zA-Z_][a-zA-Z0-9_]*)=""((?:[^""\\\n]|\\\\|\\""|\\n)*)""")]
    private static partial Regex Label();
}
