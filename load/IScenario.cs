namespace Gateway.Load;

/// <summary>Used by one thread, once. One kind of load, and what must hold under it.</summary>
internal interface IScenario
{
    /// <summary>Runs it; what went wrong is noted in <paramref name="problems"/>, not thrown.</summary>
    Task<LoadResult> RunAsync(LoadOptions options, Problems problems, CancellationToken cancellation);
}
