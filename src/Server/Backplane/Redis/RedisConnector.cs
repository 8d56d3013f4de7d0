using System.Net;
using Gateway.Server.Clock;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Makes one connection to a Redis after the other. It asks the sentinels for the master, if there are any, and reports why a connection
/// could not be made, each reason once. For one caller at a time.
/// </summary>
/// <param name="address">How the Redis is reached.</param>
/// <param name="time">The clock.</param>
/// <param name="metrics">Counts the connections' calls.</param>
/// <param name="log">The connections' log.</param>
/// <param name="report">Logs why there is no connection.</param>
internal sealed class RedisConnector(
    RedisServerAddress address, TimeProvider time, BackplaneMetrics metrics, ILogger log, Action<string> report) : IAsyncDisposable
{
    /// <summary>The time between two reports where the reasons alternate from attempt to attempt.</summary>
    private const long ReportMilliseconds = 5_000;

    private readonly RedisSentinels? _sentinels = address.Service is null ? null : new RedisSentinels(address, time);
    private EndPoint[] _found = [];
    private EndPoint? _master;
    private Task _checking = Task.CompletedTask;
    private string? _reported;
    private long _reportedAt;

    /// <summary>Connects.</summary>
    /// <returns>Null when there is no connection. The reason is reported, unless it was reported before.</returns>
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
        // Nodes that a cluster named may be reached when the configured ones cannot.
        foreach (var endpoint in _found)
        {
            if (!options.EndPoints.Contains(endpoint))
                options.EndPoints.Add(endpoint);
        }
        var attempt = new RedisAttempt(options, time);
        var connection = await RedisConnection.TryOpenAsync(attempt, address, time, metrics, log, cancellation).ConfigureAwait(false);
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

    /// <summary>The connection has ended. If messages were never delivered over it, the reason is reported.</summary>
    public void OnEnded(RedisConnection connection, CancellationToken cancellation)
    {
        if (connection.Topology.IsCluster)
            _found = connection.Topology.EndPoints;
        if (connection.IsUsed)
            return;
        Report(connection.Broken is { IsCompleted: true, Result: var broken } ? broken : connection.Refusal ?? "no answer", cancellation);
    }

    /// <summary>
    /// Breaks the connection where the sentinels name another master: the old one may answer, and not know that it was replaced.
    /// </summary>
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
        long now = time.GetMilliseconds();
        if (cancellation.IsCancellationRequested || reason == _reported)
            return;
        if (_reported is not null && now - _reportedAt < ReportMilliseconds)
            return;
        (_reported, _reportedAt) = (reason, now);
        report(RedisAttempt.Clean(reason));
    }
}
