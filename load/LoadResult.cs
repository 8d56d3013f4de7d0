namespace Gateway.Load;

/// <summary>Immutable. What a run came to.</summary>
/// <param name="Connections">Connections that took part.</param>
/// <param name="Messages">Messages that arrived.</param>
/// <param name="Elapsed">The time they took together.</param>
/// <param name="Latencies">The time each took.</param>
internal sealed record LoadResult(int Connections, long Messages, TimeSpan Elapsed, Latencies Latencies);
