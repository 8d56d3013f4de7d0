using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Gateway.Load.Engines;

/// <summary>
/// Even points in time; who is late catches up, so that a stall of the server is not a pause of the load. Used by one thread.
/// </summary>
internal sealed class Pacer(double perSecond)
{
    /// <summary>Less than that is not worth sleeping: Linux wakes a thread some 50 µs after the time it asked for.</summary>
    private static readonly long Grain = Stopwatch.Frequency / 20_000;

    private readonly long _start = Stopwatch.GetTimestamp();
    private readonly double _interval = Stopwatch.Frequency / perSecond;
    private long _next;

    /// <summary>Waits for the next point, and says when it was to be.</summary>
    public long Wait()
    {
        long due = _start + (long)(_next++ * _interval);
        for (long left = due - Stopwatch.GetTimestamp(); left > Grain; left = due - Stopwatch.GetTimestamp())
        {
            if (OperatingSystem.IsLinux())
                _ = Sleep((uint)(Math.Min(left - Grain, Stopwatch.Frequency / 2) * 1_000_000 / Stopwatch.Frequency));
            else
                Thread.Sleep(1);
        }
        return due;
    }

    // Thread.Sleep knows only milliseconds.
    [DllImport("libc", EntryPoint = "usleep")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sleep(uint microseconds);
}
