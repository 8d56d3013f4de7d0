namespace Gateway.Server.Backplane.Redis;

/// <content>Reading from the stream what pub/sub did not bring, and repeating attempts that failed.</content>
internal sealed partial class RedisChannelReader
{
    /// <summary>
    /// Failed attempts before the subscribers are told of a loss: 0.4 s. A script that is busy and a slot that moves are over sooner.
    /// </summary>
    private const int QuietFailures = 4;

    private const int FirstRetryMilliseconds = 50;
    private const int LastRetryMilliseconds = 5_000;

    /// <summary>Attempts to subscribe before the waits between them grow: a replica of a cluster takes over within seconds.</summary>
    private const int SteadyRetries = 20;

    /// <summary>
    /// Takes note of a position that was read from Redis, and catches up where the reader is behind it or in another epoch.
    /// </summary>
    /// <remarks>A reader that is ahead is in order: the answer to a call may be slower than pub/sub.</remarks>
    public void Check(Position top)
    {
        lock (_gate)
        {
            if (_connection is null || _isCatchingUp || _delivery.Position is not { } position)
                return;
            if (position.Epoch != top.Epoch || position.Seq < top.Seq)
                StartCatchUp(_connection);
        }
    }

    /// <summary>Compares position and last message with the stream, which also keeps the position of a quiet channel alive.</summary>
    public Task CheckAsync()
    {
        lock (_gate)
        {
            if (_connection is null || _delivery.Position is null)
                return Task.CompletedTask;
            if (!_isCatchingUp)
                StartCatchUp(_connection);
            return _attempt!;
        }
    }

    private void StartCatchUp(RedisConnection connection)
    {
        _isCatchingUp = true;
        _attempt = CatchUpAsync(connection, _generation);
    }

    /// <summary>Delivers the stream from the position to its end, then what was held meanwhile. Only one catch-up runs at a time.</summary>
    private async Task<bool> CatchUpAsync(RedisConnection connection, int generation)
    {
        bool isFirst = true;
        while (true)
        {
            HistoryQuery query;
            lock (_gate)
                query = _delivery.NextPage(isFirst);
            var page = await RedisHistory.ReadAsync(connection, Channel, Keys, query, keep: true, inTurn: true).ConfigureAwait(false);
            _broken.Drop(RecordKind.History, page?.Broken ?? 0);
            bool isTwice;
            lock (_gate)
            {
                if (generation != _generation)
                    return false;
                isTwice = page is not null && _delivery.IsGivenTwice(page);
            }
            // The epoch is renewed before the subscribers are told: they recover at once, and must find that the old positions are void.
            if (page is null || (isTwice && !await RedisHistory.RenewAsync(connection, Keys, page.Top.Epoch).ConfigureAwait(false)))
            {
                Fail(connection, generation);
                return false;
            }
            isFirst = isTwice;
            if (isTwice)
                continue;
            lock (_gate)
            {
                if (generation != _generation)
                    return false;
                _delivery.Deliver(page);
                if (page.More || !_delivery.TryRelease())
                    continue;
                _isCatchingUp = false;
                Volatile.Write(ref _failures, 0);
                return true;
            }
        }
    }

    /// <summary>
    /// Counts an attempt that Redis refused. Only this channel is concerned, as a broken connection starts all readers anew. The reader
    /// tries again, at first quickly and quietly, since the stream may still have everything; then the subscribers are told, so that they
    /// do not wait for good.
    /// </summary>
    private void Fail(RedisConnection connection, int generation)
    {
        int failures;
        lock (_gate)
        {
            if (generation != _generation || connection.Broken.IsCompleted)
                return;
            failures = _failures + 1;
            Volatile.Write(ref _failures, failures);
            if (failures == 1)
                _sink.OnInterrupted(Channel);
            // Subscribers of a channel without history were promised nothing that was published meanwhile.
            if (failures == QuietFailures && HasHistory)
                _delivery.Lose(next: null);
        }
        _ = RetryLaterAsync(generation, failures);
    }

    private async Task RetryLaterAsync(int generation, int failures)
    {
        // A channel that cannot be subscribed to waits for a server to take over: each wait that is too long misses more messages.
        int doublings = Math.Min(IsAttached ? failures - 1 : Math.Max(1, failures - SteadyRetries), 10);
        var wait = TimeSpan.FromMilliseconds(Math.Min(LastRetryMilliseconds, FirstRetryMilliseconds << doublings));
        await Task.Delay(wait, _time).ConfigureAwait(false);
        lock (_gate)
        {
            // Subscribers cause attempts of their own, and so further failures. Only the timer of the last failure counts.
            if (generation == _generation && failures == _failures && _attempt is not { IsCompleted: false })
                _attempt = FollowAsync(_connection!, generation);
        }
    }
}
