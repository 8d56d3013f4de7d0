using System.Globalization;

namespace Gateway.Bench.Smoke;

/// <summary>
/// Every benchmark for a moment, in this process, for what can be said in a moment: what is allocated. No time is judged.
/// </summary>
internal static class SmokeRun
{
    private const string Row = "{0,-44} {1,12} {2,10} {3,12}  {4}";

    /// <returns>The exit code: 1 when an operation allocates more than it may.</returns>
    public static int Run()
    {
        Print(Row, "operation", "ns/op", "B/op", "allowed B/op", "verdict");
        bool passed = true;
        foreach (var operation in SmokeOperations.All())
        {
            var measured = Measurement.Of(operation);
            bool fits = operation.Allowed is not { } allowed || measured.Bytes <= allowed;
            passed &= fits;
            Print(Row, operation.Name, measured.Nanoseconds.ToString("N1", CultureInfo.InvariantCulture), Bytes(measured.Bytes),
                operation.Allowed is { } bound ? Bytes(bound) : "-", fits ? "ok" : "ALLOCATES");
        }
        Print(passed ? "No operation allocates more than it may." : "An operation allocates more than it may.");
        return passed ? 0 : 1;
    }

    private static string Bytes(double bytes) => bytes.ToString("0.###", CultureInfo.InvariantCulture);

    private static void Print(string format, params object[] values) =>
        Console.WriteLine(string.Format(CultureInfo.InvariantCulture, format, values));
}
