namespace Gateway.Load.Measuring;

/// <summary>The time and memory that the server had used at some moment. Immutable.</summary>
/// <param name="CpuSeconds">Processor time, user and system.</param>
/// <param name="ResidentBytes">Memory.</param>
internal readonly record struct ServerUsage(double CpuSeconds, long ResidentBytes);
