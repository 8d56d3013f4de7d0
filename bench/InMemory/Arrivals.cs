namespace Gateway.Bench.InMemory;

/// <summary>Any thread counts; one waits. How many frames came out at the far end, all outputs together.</summary>
internal sealed class Arrivals : IDisposable
{
    private readonly ManualResetEventSlim _reached = new();
    private long _count;
    private long _expected;

    public void Add(int frames)
    {
        if (Interlocked.Add(ref _count, frames) == Interlocked.Read(ref _expected))
            _reached.Set();
    }

    /// <summary>Says how many more there will be; call it before they can come.</summary>
    public void Expect(int frames)
    {
        _reached.Reset();
        Interlocked.Add(ref _expected, frames);
    }

    /// <summary>Waits until all that were expected have come.</summary>
    public void Wait()
    {
        if (!_reached.Wait(TimeSpan.FromSeconds(30)))
            throw new InvalidOperationException($"{Interlocked.Read(ref _count)} of {_expected} frames arrived.");
    }

    public void Dispose() => _reached.Dispose();
}
