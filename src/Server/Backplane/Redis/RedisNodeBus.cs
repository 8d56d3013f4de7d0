using System.Text;
using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Safe for any thread. Messages between nodes by Redis pub/sub, over a connection of its own, so that neither a flood of publishes holds
/// them up nor they the publishes. With several servers all nodes take the one whose address is first in the alphabet.
/// </summary>
internal sealed partial class RedisNodeBus(GatewayOptions options, BackplaneMetrics metrics, ILogger<RedisNodeBus> log) : INodeBus
{
    /// <summary>
    /// A node hears its own heartbeat every two seconds. Without two of them the connection is of no more use, whatever comes in: the
    /// heartbeats of others prove nothing about the way out.
    /// </summary>
    private const long SilenceMilliseconds = 5_000;

    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _all = Encoding.UTF8.GetBytes($"{options.Redis.Prefix}:nodes");

    /// <summary>The key that a probe writes to, and its pub/sub channel, on which nobody listens.</summary>
    private readonly byte[] _probe = Encoding.UTF8.GetBytes($"{options.Redis.Prefix}:probe:nodes");

    private Func<ReadOnlyMemory<byte>, bool> _received = _ => false;
    private Action _reached = () => { };
    private byte[] _inbox = [];
    private Task _running = Task.CompletedTask;
    private long _heard;
    private volatile RedisConnection? _connection;

    public string? Problem => _connection is null || IsSilent ? "no connection to the other nodes" : null;

    private bool IsSilent => Environment.TickCount64 - Volatile.Read(ref _heard) >= SilenceMilliseconds;

    public void Start(string inbox, Func<ReadOnlyMemory<byte>, bool> received, Action reached)
    {
        (_inbox, _received, _reached) = (Inbox(inbox), received, reached);
        _running = RunAsync();
    }

    /// <remarks>With a write, which only a master takes: on a replica this node would hear itself, and nobody at the master would hear it.</remarks>
    public async ValueTask<bool> SendAsync(string? inbox, ReadOnlyMemory<byte> message)
    {
        if (_connection is not { } connection)
            return false;
        byte[] channel = inbox is null ? _all : Inbox(inbox);
        var sent = await connection.CallAsync(RedisScripts.Probe, [channel], [message.ToArray(), channel], message.Length).ConfigureAwait(false);
        return sent is not null;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var address = RedisServerAddress.AllOf(options.Redis).MinBy(address => address.Name, StringComparer.Ordinal)!;
        await using var connector = new RedisConnector(address, metrics, log, reason => LogAway(log, address.Name, reason));
        while (!_stop.IsCancellationRequested)
        {
            if (await connector.TryOpenAsync(_stop.Token).ConfigureAwait(false) is { } connection)
                await ServeAsync(connector, connection).ConfigureAwait(false);
            await PauseAsync(RetryDelay).ConfigureAwait(false);
        }
    }

    /// <summary>Returns when the connection is of no more use.</summary>
    private async Task ServeAsync(RedisConnector connector, RedisConnection connection)
    {
        if (await TryListenAsync(connection).ConfigureAwait(false))
        {
            connector.OnUsed(connection);
            await WatchAsync(connector, connection).ConfigureAwait(false);
            if (!_stop.IsCancellationRequested)
                LogLost(log, await connection.Broken.ConfigureAwait(false));
        }
        _connection = null;
        connector.OnEnded(connection, _stop.Token);
        connection.Dispose();
    }

    private async Task<bool> TryListenAsync(RedisConnection connection)
    {
        // The backplane has told what is wrong: that address is one of its own.
        if (await connection.FindFaultAsync(options.Redis.Prefix).ConfigureAwait(false) is not null)
            return false;
        foreach (byte[] name in new[] { _all, _inbox })
        {
            var channel = new PubSubChannel(name, Receive, () => connection.Break("pub/sub ended"));
            if (!await connection.SubscribeAsync(channel).ConfigureAwait(false))
                return false;
        }
        Volatile.Write(ref _heard, Environment.TickCount64);
        _connection = connection;
        _reached();
        return true;
    }

    private void Receive(ReadOnlySpan<byte> message)
    {
        if (_received(message.ToArray()))
            Volatile.Write(ref _heard, Environment.TickCount64);
    }

    /// <summary>Returns when the connection is of no more use.</summary>
    private async Task WatchAsync(RedisConnector connector, RedisConnection connection)
    {
        while (!_stop.IsCancellationRequested && !connection.Broken.IsCompleted)
        {
            // A server that became a replica takes heartbeats too, and brings them back; but the others are where its master is. A write is
            // refused there, and a connection on which that happens is of no more use.
            _ = connection.CallAsync(RedisScripts.Probe, [_probe], ["", _probe]);
            connector.Check(connection);
            await Task.WhenAny(connection.Broken, PauseAsync(WatchPeriod)).ConfigureAwait(false);
            if (IsSilent)
                connection.Break("silence");
        }
    }

    private byte[] Inbox(string inbox) => Encoding.UTF8.GetBytes($"{options.Redis.Prefix}:node:{inbox}");

    private async Task PauseAsync(TimeSpan time) =>
        await Task.Delay(time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    [LoggerMessage(64, LogLevel.Warning, "The connection to other nodes is lost: {Reason}.")]
    private static partial void LogLost(ILogger log, string reason);

    [LoggerMessage(67, LogLevel.Warning, "No connection to other nodes by Redis at {Server}: {Reason}.")]
    private static partial void LogAway(ILogger log, string server, string reason);
}
