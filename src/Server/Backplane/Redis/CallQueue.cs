namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// A queue of calls that wait for their turn instead of being refused. They start in the order in which they were added, a bounded number
/// at a time. Safe for any thread.
/// </summary>
/// <remarks>Calls are started under the lock, which gives them their order. Nothing that waits for them runs under it.</remarks>
internal sealed class CallQueue(int maxRunning = CallQueue.MaxRunning)
{
    /// <summary>Enough to keep a server busy that is a few milliseconds away; with pages of 256 KiB each, 32 MiB at most.</summary>
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

    private static async Task CompleteAsync<T>(Func<Task<T>> call, TaskCompletionSource<T> result) =>
        result.SetResult(await call().ConfigureAwait(false));

    private void StartNext()
    {
        while (_running < maxRunning && _waiting.TryDequeue(out var start))
        {
            var call = start();
            // On a broken connection all calls complete at once. A continuation for each would nest as deep as the queue is long.
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
