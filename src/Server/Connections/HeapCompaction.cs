using System.Diagnostics.Metrics;
using System.Runtime;
using System.Runtime.InteropServices;
using Gateway.Server.Clock;
using Gateway.Server.Metrics;
using Gateway.Server.Options;

namespace Gateway.Server.Connections;

/// <summary>
/// Gives memory back when a storm of connects has gone quiet: what connecting needed leaves holes between what lives on, about 1 KB for
/// each connection. Run by the clock, in a process that is the gateway's alone.
/// </summary>
/// <remarks>
/// One compacting collection for each storm. All threads stand still for it, so there is none where it would take long; figures are in
/// docs/performance.md.
/// </remarks>
internal sealed partial class HeapCompaction : ITickHandler
{
    public const string LogCategory = "Gateway.Server.Connections.HeapCompaction";

    /// <summary>Connections that come or go before it is a storm: 2 MB or so. It must be a tenth of those that are open, too.</summary>
    public const int StormChanges = 2_000;

    /// <summary>For so long after a storm it has to be quiet.</summary>
    public const long QuietMilliseconds = 2_000;

    /// <summary>Quiet is when so few come or go; they do not add up to a storm either.</summary>
    public const long QuietChangesPerSecond = 20;

    /// <summary>What a pause is expected to take: three times what was measured with 5,000 and 15,000 connections.</summary>
    private const double NanosecondsPerByte = 3;

    private readonly ConnectionTable _connections;
    private readonly ILogger _log;
    private readonly Counter<long> _compactions;
    private readonly TimeSpan _longestPause;
    private long _looked;
    private long _seen;
    private long _storm;
    private long _lastBusy;

    public HeapCompaction(ConnectionTable connections, GatewayOptions options, IMeterFactory meters, ILoggerFactory logs)
    {
        _connections = connections;
        _log = logs.CreateLogger(LogCategory);
        _compactions = meters.Create(GatewayMetrics.MeterName).CreateCounter<long>(
            "gateway.heap.compactions", "{collection}", "Times that memory was given back after a storm of connects.");
        _compactions.Add(0);
        // A peer's heartbeat is answered late by a tenth at most.
        _longestPause = options.Heartbeat.PongTimeout / 10;
    }

    void ITickHandler.OnTick(long now)
    {
        long changes = _connections.Changes - _seen;
        bool isQuiet = changes * 1_000 <= QuietChangesPerSecond * (now - _looked);
        (_seen, _looked) = (_seen + changes, now);
        if (!isQuiet)
            (_storm, _lastBusy) = (_storm + changes, now);
        if (now - _lastBusy < QuietMilliseconds || _storm < StormChanges || _storm < _connections.Count / 10)
            return;
        long storm = _storm;
        _storm = 0;
        if (TimeSpan.FromMicroseconds(GC.GetTotalMemory(forceFullCollection: false) * NanosecondsPerByte / 1_000) > _longestPause)
            return;
        // Counted by the clock and done beside it: the clock must not wait.
        _compactions.Add(1);
        ThreadPool.UnsafeQueueUserWorkItem(state => Compact(state), storm, preferLocal: false);
    }

    private void Compact(long storm)
    {
        long before = Environment.WorkingSet;
        GCSettings.LargeObjectHeapCompactionMode = GCLargeObjectHeapCompactionMode.CompactOnce;
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
        TrimNative();
        var pause = GC.GetGCMemoryInfo(GCKind.FullBlocking).PauseDurations[0];
        LogCompacted(storm, before >> 20, Environment.WorkingSet >> 20, pause.TotalMilliseconds);
    }

    /// <summary>Has glibc return what the runtime has freed; other systems do so by themselves, or have nothing to ask.</summary>
    private static void TrimNative()
    {
        if (!OperatingSystem.IsLinux())
            return;
        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Not glibc.
        }
    }

    [LibraryImport("libc", EntryPoint = "malloc_trim")]
    private static partial int MallocTrim(nint keep);

    [LoggerMessage(
        11, LogLevel.Information,
        "Gave memory back after {Changes} connections came or went: {Before} MiB before, {After} MiB after, a pause of {Pause:F0} ms.")]
    private partial void LogCompacted(long changes, long before, long after, double pause);
}
