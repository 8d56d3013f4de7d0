using System.Globalization;
using System.Text;
using Gateway.Chaos.Tests.Checking;

namespace Gateway.Chaos.Tests.Run;

/// <summary>What a run has shown. Immutable.</summary>
internal sealed record ChaosReport
{
    public required ChaosOptions Options { get; init; }

    public required TimeSpan Took { get; init; }

    public required LedgerFigures Figures { get; init; }

    public required IReadOnlyDictionary<string, (long Count, long Worst)> Answers { get; init; }

    /// <summary>How long after the last fault before each pause all was well; null where it was not in its time.</summary>
    public required IReadOnlyList<TimeSpan?> Heals { get; init; }

    public required int FaultCount { get; init; }

    public required IReadOnlyList<string> Faults { get; init; }

    public required IReadOnlyDictionary<ProblemKind, long> Counts { get; init; }

    /// <summary>Whom or what the problems of each kind are about.</summary>
    public required IReadOnlyDictionary<ProblemKind, IReadOnlyList<(string Subject, long Count)>> Subjects { get; init; }

    public required IReadOnlyList<Problem> First { get; init; }

    public bool IsClean => Counts.Count == 0;

    public override string ToString()
    {
        var text = new StringBuilder();
        void Line(FormattableString line) => text.Append(line.ToString(CultureInfo.InvariantCulture)).Append('\n');
        Line($"chaos: seed {Options.Seed}, {FaultCount} faults in {Took.TotalSeconds:0} s");
        foreach (string fault in Faults)
            Line($"  {fault}");
        Line($"messages: {Figures.Sent} sent, {Figures.Acknowledged} acknowledged");
        Line($"attempts: {Figures.Refused} refused, {Figures.Unanswered} without a certain answer");
        Line($"deliveries: {Figures.Deliveries}, of which {Figures.Checked} checked by their seq; {Figures.Read} more read as history");
        Line($"epochs: {Figures.Epochs}; losses told: {Figures.ToldLosses}");
        Line($"acknowledged, and lost by Redis before anybody got them: {Figures.LostUnseen}");
        Line($"all well after: {string.Join(", ", Heals.Select(Seconds))}");
        foreach (var (what, (count, worst)) in Answers)
            Line($"answers to {what}: {count}, the worst after {worst / 1000.0:0.00} s");
        Line($"problems: {(IsClean ? "none" : string.Join(", ", Counts.Select(entry => $"{entry.Key} {entry.Value}")))}");
        foreach (var (kind, subjects) in Subjects)
            Line($"{kind} by {string.Join(", ", subjects.Take(20).Select(entry => $"{entry.Subject}: {entry.Count}"))}");
        foreach (var problem in First)
        {
            Line($"{problem.Kind} at {RunClock.Text(problem.At)}: {problem.Text}");
            foreach (string line in problem.Context)
                Line($"    {line}");
        }
        return text.ToString();
    }

    private static string Seconds(TimeSpan? time) =>
        time is { } known ? known.TotalSeconds.ToString("0.0 s", CultureInfo.InvariantCulture) : "never";
}
