namespace Gateway.Load;

/// <summary>Safe for any thread. Lets a number of messages be on their way; the next may go when all subscribers have one of them.</summary>
internal sealed class PublishWindow : IDisposable
{
    private readonly SemaphoreSlim _free;
    private readonly int[] _missing;

    public PublishWindow(int inFlight, int messages, int subscribers)
    {
        _free = new SemaphoreSlim(inFlight);
        _missing = new int[messages];
        Array.Fill(_missing, subscribers);
    }

    public Task EnterAsync(CancellationToken cancellation) => _free.WaitAsync(cancellation);

    public void Arrived(int message)
    {
        if (Interlocked.Decrement(ref _missing[message]) == 0)
            _free.Release();
    }

    public void Dispose() => _free.Dispose();
}
