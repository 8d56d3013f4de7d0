using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The calls under way on one <see cref="RedisConnection"/>: pipelined, and bounded in number, bytes and time. Calls that a client waits
/// for are refused beyond the bounds; calls that the node makes for itself wait for their turn. Safe for any thread.
/// </summary>
/// <param name="topology">The servers behind the connection.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">Counts the calls.</param>
/// <param name="broken">Completes when the connection is broken.</param>
/// <param name="refused">Called with the error that Redis answered.</param>
internal sealed class RedisCalls(
    RedisTopology topology, TimeProvider time, BackplaneMetrics metrics, Task broken, Action<string> refused)
{
    private const int MaxCalls = 4096;
    private const long MaxBytes = 64 << 20;

    /// <summary>How long a client's call may take before the client is told that there was no answer.</summary>
    public static readonly TimeSpan CallTimeout = TimeSpan.FromMilliseconds(1500);

    /// <summary>
    /// How long a queued call may take. Few calls are before it, so silence for so long proves that the connection is broken.
    /// </summary>
    public static readonly TimeSpan QueuedCallTimeout = TimeSpan.FromSeconds(5);

    private readonly CallQueue _queue = new();
    private int _calls;
    private long _bytes;
    private long _answers;
    private bool _isSilent;

    /// <summary>
    /// Whether a call timed out while nothing else was answered. Calls for clients are not made until Redis answers again, which the probes
    /// find out: so not every request waits as long as the first.
    /// </summary>
    public bool IsSilent => Volatile.Read(ref _isSilent);

    /// <summary>Calls not answered yet.</summary>
    public int InFlight => Volatile.Read(ref _calls);

    /// <summary>Makes a call that a client waits for.</summary>
    /// <param name="issue">Starts the call.</param>
    /// <param name="bytes">What the call is counted as.</param>
    /// <param name="waited">How long the client has been waiting: it counts towards <see cref="CallTimeout"/>.</param>
    public Task<RedisAnswer<T>> CallAsync<T>(Func<Task<T>> issue, int bytes, TimeSpan waited = default) where T : class
    {
        if (waited >= CallTimeout || Volatile.Read(ref _calls) >= MaxCalls || Volatile.Read(ref _bytes) > MaxBytes)
            return Task.FromResult(RedisAnswer<T>.Refused);
        return AnswerAsync(issue, bytes, CallTimeout - waited, unanswered: null);
    }

    /// <summary>Makes a call of the node's own, which waits for its turn instead of being refused.</summary>
    /// <param name="issue">Starts the call.</param>
    /// <param name="unanswered">Called when there is no answer in time; null where that proves nothing.</param>
    /// <returns>Null when Redis refused the call or did not answer.</returns>
    public async Task<T?> QueueAsync<T>(Func<Task<T>> issue, Action? unanswered) where T : class =>
        (await _queue.RunAsync(() => AnswerAsync(issue, 0, QueuedCallTimeout, unanswered)).ConfigureAwait(false)).Value;

    private async Task<RedisAnswer<T>> AnswerAsync<T>(Func<Task<T>> issue, int bytes, TimeSpan timeout, Action? unanswered) where T : class
    {
        if (broken.IsCompleted)
            return RedisAnswer<T>.Refused;
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _bytes, bytes);
        metrics.CallStarted();
        long start = time.GetTimestamp();
        long answers = Volatile.Read(ref _answers);
        try
        {
            var answer = await CountedAsync(issue, bytes).WaitAsync(timeout, time).ConfigureAwait(false);
            metrics.RoundTrip(time.GetElapsedTime(start));
            return new RedisAnswer<T>(PublishOutcome.Accepted, answer);
        }
        catch (RedisServerException error)
        {
            refused(error.Message);
            return RedisAnswer<T>.Refused;
        }
        catch (RedisConnectionException unsent)
            when (unsent.FailureType is ConnectionFailureType.UnableToResolvePhysicalConnection or ConnectionFailureType.UnableToConnect)
        {
            // The library had no connection for the call, or a server redirected it to one that cannot be reached.
            if (topology.IsCluster)
                _ = topology.RefreshAsync();
            else
                unanswered?.Invoke();
            return RedisAnswer<T>.Refused;
        }
        catch (Exception)
        {
            // The library throws many kinds of exceptions. Each of the others means that there is no answer.
            if (Volatile.Read(ref _answers) == answers)
                Volatile.Write(ref _isSilent, true);
            unanswered?.Invoke();
            return RedisAnswer<T>.Unconfirmed;
        }
    }

    /// <summary>Counts a call until the library lets go of it: a call that timed out still holds memory.</summary>
    private async Task<T> CountedAsync<T>(Func<Task<T>> issue, int bytes)
    {
        try
        {
            var answer = await issue().ConfigureAwait(false);
            OnAnswered();
            return answer;
        }
        catch (RedisServerException)
        {
            OnAnswered();
            throw;
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
            Interlocked.Add(ref _bytes, -bytes);
            metrics.CallEnded();
        }
    }

    private void OnAnswered()
    {
        Interlocked.Increment(ref _answers);
        if (IsSilent)
            Volatile.Write(ref _isSilent, false);
    }
}
