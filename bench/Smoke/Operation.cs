namespace Gateway.Bench.Smoke;

/// <summary>One thing the gateway does, and what it may allocate each time. Immutable.</summary>
/// <param name="Name">What it is, for the table.</param>
/// <param name="Run">Does it; returns when nothing of it is going on any more.</param>
/// <param name="Allowed">Bytes per operation; null where it is only shown.</param>
/// <param name="PerRun">Operations in one call of <paramref name="Run"/>.</param>
/// <param name="Calls">Calls in one round of measuring.</param>
internal sealed record Operation(string Name, Action Run, double? Allowed, int PerRun = 1, int Calls = 10_000);
