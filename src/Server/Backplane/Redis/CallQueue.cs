namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Safe for any thread. Calls that rather wait than be refused: started in the order they were asked for, a bounded number at a time.
/// </summary>
/// <remarks>Calls are started under the lock, which is what gives them their order; nothing they complete runs there.</remarks>
internal sealed class CallQueue(int maxRunning = CallQueue.MaxRunning)
{
    /// <summary>Enough to keep a server a few milliseconds away busy; with pages of 256 KiB each, 32 MiB at most.</summary>
    private const int MaxRunning = 128;

    private readonly Lock _gate = new();
    private readonly Queue<Func<Task>> _waiting = new();
    private int _running;

    /// <param name="call">Starts the call, quickly and without throwing.</param>
    public Task<T> RunAsync<T>(Func<Task<T>> call)
    {
        var result = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            _waiting.Enqueue(() => CompleteAsync(call, result));
            StartNext();
        }
        return result.Task;
    }

    private static async Task CompleteAsync<T>(Func<Task<T>> call, TaskCompletionSource<T> result) => result.SetResult(await call().ConfigureAwait(false));

    private void StartNext()
    {
        while (_running < maxRunning && _waiting.TryDequeue(out var start))
        {
            var call = start();
            // Of a broken connection all are; a continuation for each would nest as deep as the queue is long.
            if (call.IsCompleted)
                continue;
            _running++;
            _ = EndAsync(call);
        }
    }

    private async Task EndAsync(Task call)
    {
        await call.ConfigureAwait(ConfigureAwaitOptions.ForceYielding | ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
        {
            _running--;
            StartNext();
        }
    }
}
