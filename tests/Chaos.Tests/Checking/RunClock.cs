using System.Diagnostics;
using System.Globalization;

namespace Gateway.Chaos.Tests.Checking;

/// <summary>Milliseconds since the run began: the one time that faults, events and problems are noted with. Safe for any thread.</summary>
internal sealed class RunClock
{
    private readonly Stopwatch _watch = Stopwatch.StartNew();

    public long Now => _watch.ElapsedMilliseconds;

    /// <summary>As the report prints it: <c>12.345 s</c>.</summary>
    public static string Text(long at) => string.Create(CultureInfo.InvariantCulture, $"{at / 1000.0:0.000} s");
}
