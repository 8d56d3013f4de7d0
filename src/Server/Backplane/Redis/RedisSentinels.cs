using System.Net;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The sentinels of one service, which know its master. A connection to each is kept, so that they answer at once when the master is gone;
/// the client library reconnects to those that come back. For one caller at a time.
/// </summary>
internal sealed class RedisSentinels(RedisServerAddress address, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(1);

    private ConnectionMultiplexer? _multiplexer;

    /// <summary>Why the sentinels named no master the last time.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>
    /// Finds the master that more than half of the sentinels name; without such a majority, the one that most answers name. A sentinel that
    /// was cut off from the others does not know of a new master.
    /// </summary>
    public async Task<EndPoint?> FindMasterAsync(CancellationToken cancellation)
    {
        if (_multiplexer is { IsConnected: false })
            Dispose();
        _multiplexer ??= await TryConnectAsync(cancellation).ConfigureAwait(false);
        if (_multiplexer is null)
            return null;
        var (master, _) = await AskAsync(_multiplexer).ConfigureAwait(false);
        if (master is null)
            Problem = $"no sentinel knows the service '{address.Service}'";
        return master;
    }

    /// <summary>Finds the master that more than half of the sentinels name; null without such a majority.</summary>
    public async Task<EndPoint?> FindAgreedMasterAsync()
    {
        if (_multiplexer is not { IsConnected: true } multiplexer)
            return null;
        var (master, agreed) = await AskAsync(multiplexer).ConfigureAwait(false);
        return agreed ? master : null;
    }

    public void Dispose()
    {
        // Closing may wait for the sockets, and no caller should wait for that.
        if (Interlocked.Exchange(ref _multiplexer, null) is { } multiplexer)
            _ = Task.Run(multiplexer.Dispose);
    }

    private async Task<ConnectionMultiplexer?> TryConnectAsync(CancellationToken cancellation)
    {
        var attempt = new RedisAttempt(address.SentinelConfiguration(), time);
        var connecting = ConnectionMultiplexer.ConnectAsync(attempt.Options);
        try
        {
            return await connecting.WaitAsync(ConnectTimeout, time, cancellation).ConfigureAwait(false);
        }
        catch (Exception failure)
        {
            attempt.Fail(failure);
            _ = connecting.ContinueWith(
                late => late.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion,
                TaskScheduler.Default);
            Problem = "no sentinel: " + await attempt.ReasonAsync().ConfigureAwait(false);
            return null;
        }
    }

    private async Task<(EndPoint? Master, bool Agreed)> AskAsync(ConnectionMultiplexer multiplexer)
    {
        var votes = new Dictionary<EndPoint, int>();
        var asking = multiplexer.GetEndPoints().Select(sentinel => AskAsync(multiplexer, sentinel)).ToList();
        int all = address.EndPoints.Count;
        await foreach (var answered in Task.WhenEach(asking).ConfigureAwait(false))
        {
            if (await answered.ConfigureAwait(false) is not { } master)
                continue;
            votes[master] = votes.GetValueOrDefault(master) + 1;
            if (votes[master] > all / 2)
                return (master, true);
        }
        return (votes.Count == 0 ? null : votes.MaxBy(vote => vote.Value).Key, false);
    }

    private async Task<EndPoint?> AskAsync(ConnectionMultiplexer multiplexer, EndPoint endpoint)
    {
        try
        {
            var sentinel = multiplexer.GetServer(endpoint);
            if (!sentinel.IsConnected)
                return null;
            var asking = sentinel.SentinelGetMasterAddressByNameAsync(address.Service!);
            return await asking.WaitAsync(AnswerTimeout, time).ConfigureAwait(false);
        }
        catch (Exception)
        {
            // The sentinel is gone, silent, or refuses. Others may know the master.
            return null;
        }
    }
}
