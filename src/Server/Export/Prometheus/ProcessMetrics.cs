using System.Diagnostics;
using Gateway.Server.Admission;

namespace Gateway.Server.Export.Prometheus;

/// <summary>What operators ask of any process, under the names that Prometheus' own clients use. Stateless.</summary>
internal static class ProcessMetrics
{
    private static readonly double Started = StartTime();

    public static void WriteTo(Exposition exposition)
    {
        using var process = Process.GetCurrentProcess();
        var pause = GC.GetTotalPauseDuration();
        exposition.Metric(
            "process_cpu_seconds_total", "Processor time of the process.", "counter", Environment.CpuUsage.TotalTime.TotalSeconds);
        exposition.Metric("process_resident_memory_bytes", "Resident memory.", "gauge", process.WorkingSet64);
        exposition.Metric("process_virtual_memory_bytes", "Virtual memory.", "gauge", process.VirtualMemorySize64);
        exposition.Metric("process_threads", "Threads of the system.", "gauge", process.Threads.Count);
        exposition.Metric("process_start_time_seconds", "When the process started, in Unix time.", "gauge", Started);
        if (OpenFiles() is { } open)
            exposition.Metric("process_open_fds", "Open files, sockets among them.", "gauge", open);
        if (Admission.OpenFiles.Limit() is { } limit)
            exposition.Metric("process_max_fds", "Files the system lets it open.", "gauge", limit);
        exposition.Begin("dotnet_collection_count_total", "Garbage collections, by generation.", "counter");
        for (int generation = 0; generation <= GC.MaxGeneration; generation++)
            exposition.Sample("dotnet_collection_count_total", [new("generation", generation)], GC.CollectionCount(generation));
        exposition.Metric(
            "dotnet_gc_pause_seconds_total", "Time the garbage collector stopped all threads.", "counter", pause.TotalSeconds);
        exposition.Metric("dotnet_allocated_bytes_total", "Memory allocated since the start.", "counter", GC.GetTotalAllocatedBytes());
        exposition.Metric(
            "dotnet_total_memory_bytes", "Memory in use by managed objects.", "gauge", GC.GetTotalMemory(forceFullCollection: false));
        exposition.Metric("dotnet_threadpool_threads", "Threads of the thread pool.", "gauge", ThreadPool.ThreadCount);
        exposition.Metric("dotnet_threadpool_queue_length", "Work items waiting for a thread.", "gauge", ThreadPool.PendingWorkItemCount);
    }

    private static int? OpenFiles()
    {
        const string Descriptors = "/proc/self/fd";
        return Directory.Exists(Descriptors) ? Directory.EnumerateFileSystemEntries(Descriptors).Count() : null;
    }

    private static double StartTime()
    {
        using var process = Process.GetCurrentProcess();
        return (process.StartTime.ToUniversalTime() - DateTime.UnixEpoch).TotalSeconds;
    }
}
