using System.Net;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Makes one connection to a Redis after the other: asks sentinels where it is, if there are any, and says why a connection could not be made,
/// each reason once. For one caller at a time.
/// </summary>
/// <param name="address">How the Redis is reached.</param>
/// <param name="metrics">For the connections.</param>
/// <param name="log">For the connections.</param>
/// <param name="report">Logs why there is no connection.</param>
internal sealed class RedisConnector(RedisServerAddress address, BackplaneMetrics metrics, ILogger log, Action<string> report)
    : IAsyncDisposable
{
    /// <summary>Reasons that take turns at each attempt are told no more often than this.</summary>
    private const long ReportMilliseconds = 5_000;

    private readonly RedisSentinels? _sentinels = address.Service is null ? null : new RedisSentinels(address);
    private EndPoint[] _found = [];
    private EndPoint? _master;
    private Task _checking = Task.CompletedTask;
    private string? _reported;
    private long _reportedAt;

    /// <summary>Null when there is no connection to be had: then the reason is told, unless it was.</summary>
    public async Task<RedisConnection?> TryOpenAsync(CancellationToken cancellation)
    {
        var options = address.Configuration();
        if (_sentinels is not null)
        {
            _master = await _sentinels.FindMasterAsync(cancellation).ConfigureAwait(false);
            if (_master is null)
            {
                Report(_sentinels.Problem, cancellation);
                return null;
            }
            options.EndPoints.Clear();
            options.EndPoints.Add(_master);
        }
        // Those of a cluster that was reached once may be reached when those that were configured cannot.
        foreach (var endpoint in _found)
        {
            if (!options.EndPoints.Contains(endpoint))
                options.EndPoints.Add(endpoint);
        }
        var attempt = new RedisAttempt(options);
        var connection = await RedisConnection.TryOpenAsync(attempt, address, metrics, log, cancellation).ConfigureAwait(false);
        if (connection is null && !cancellation.IsCancellationRequested)
        {
            string reason = await attempt.ReasonAsync().ConfigureAwait(false);
            Report(_master is null ? reason : $"the master {RedisAttempt.Name(_master)}: {reason}", cancellation);
        }
        return connection;
    }

    /// <summary>The connection is in use.</summary>
    public void OnUsed(RedisConnection connection)
    {
        connection.IsUsed = true;
        _reported = null;
    }

    /// <summary>The connection is of no more use: if it never was, it is told why.</summary>
    public void OnEnded(RedisConnection connection, CancellationToken cancellation)
    {
        if (connection.Topology.IsCluster)
            _found = connection.Topology.EndPoints;
        if (!connection.IsUsed)
            Report(connection.Broken is { IsCompleted: true, Result: var broken } ? broken : connection.Refusal ?? "no answer", cancellation);
    }

    /// <summary>Breaks the connection where the sentinels name another master: the one that it leads to may be there, and not know.</summary>
    public void Check(RedisConnection connection)
    {
        if (_sentinels is not null && _checking.IsCompleted)
            _checking = CheckAsync(_sentinels, connection);
    }

    public async ValueTask DisposeAsync()
    {
        await _checking.ConfigureAwait(false);
        _sentinels?.Dispose();
    }

    private async Task CheckAsync(RedisSentinels sentinels, RedisConnection connection)
    {
        if (await sentinels.FindAgreedMasterAsync().ConfigureAwait(false) is { } master && !master.Equals(_master))
            connection.Break($"the sentinels name another master, {RedisAttempt.Name(master)}");
    }

    private void Report(string reason, CancellationToken cancellation)
    {
        long now = Environment.TickCount64;
        if (cancellation.IsCancellationRequested || reason == _reported || (_reported is not null && now - _reportedAt < ReportMilliseconds))
            return;
        (_reported, _reportedAt) = (reason, now);
        report(RedisAttempt.Clean(reason));
    }
}
