using System.Text;
using Gateway.Server.Backplane.Redis.PubSub;
using Gateway.Server.Clock;
using Gateway.Server.Options;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// Messages between nodes by Redis pub/sub. They have a connection of their own, so that a flood of publishes does not hold them up. With
/// several servers, all nodes take the one whose address is first in the alphabet. Safe for any thread.
/// </summary>
internal sealed class RedisNodeBus(
    GatewayOptions options, TimeProvider time, BackplaneMetrics metrics, ILogger<RedisNodeBus> log) : INodeBus
{
    /// <summary>
    /// How long the node's own heartbeat, which comes back every two seconds, may be missing before the connection is given up. The
    /// heartbeats of others prove nothing about the way out.
    /// </summary>
    private const long SilenceMilliseconds = 5_000;

    private static readonly TimeSpan WatchPeriod = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(300);

    private readonly CancellationTokenSource _stop = new();
    private readonly byte[] _all = Encoding.UTF8.GetBytes($"{options.Redis.Prefix}:nodes");

    /// <summary>The key that a probe writes to, and the name of its pub/sub channel, which no node subscribes to.</summary>
    private readonly byte[] _probe = Encoding.UTF8.GetBytes($"{options.Redis.Prefix}:probe:nodes");

    private Func<ReadOnlyMemory<byte>, bool> _handler = _ => false;
    private Action _reached = () => { };
    private byte[] _inbox = [];
    private Task _running = Task.CompletedTask;

    /// <summary>When the node's own heartbeat came back last.</summary>
    private long _received;

    private volatile RedisConnection? _connection;

    public string? Problem => _connection is null || IsSilent ? "no connection to the other nodes" : null;

    private bool IsSilent => time.GetMilliseconds() - Volatile.Read(ref _received) >= SilenceMilliseconds;

    public void Start(string inbox, Func<ReadOnlyMemory<byte>, bool> received, Action reached)
    {
        (_inbox, _handler, _reached) = (Inbox(inbox), received, reached);
        _running = RunAsync();
    }

    /// <inheritdoc/>
    /// <remarks>
    /// The script writes, which only a master allows: the nodes at the master would not get what is published at a replica.
    /// </remarks>
    public async ValueTask<bool> SendAsync(string? inbox, ReadOnlyMemory<byte> message)
    {
        if (_connection is not { } connection)
            return false;
        byte[] channel = inbox is null ? _all : Inbox(inbox);
        var sending = connection.CallAsync(RedisScripts.Probe, [channel], [message.ToArray(), channel], message.Length);
        return await sending.ConfigureAwait(false) is not null;
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
        var connector = new RedisConnector(address, time, metrics, log, reason => RedisLog.BusUnreachable(log, address.Name, reason));
        await using var disposal = connector.ConfigureAwait(false);
        while (!_stop.IsCancellationRequested)
        {
            if (await connector.TryOpenAsync(_stop.Token).ConfigureAwait(false) is { } connection)
                await ServeAsync(connector, connection).ConfigureAwait(false);
            await PauseAsync(RetryDelay).ConfigureAwait(false);
        }
    }

    /// <summary>Uses a connection until it is broken.</summary>
    private async Task ServeAsync(RedisConnector connector, RedisConnection connection)
    {
        if (await TryListenAsync(connection).ConfigureAwait(false))
        {
            connector.OnUsed(connection);
            await WatchAsync(connector, connection).ConfigureAwait(false);
            if (!_stop.IsCancellationRequested)
                RedisLog.BusLost(log, await connection.Broken.ConfigureAwait(false));
        }
        _connection = null;
        connector.OnEnded(connection, _stop.Token);
        connection.Dispose();
    }

    private async Task<bool> TryListenAsync(RedisConnection connection)
    {
        // The backplane has the same address, and has logged the fault.
        if (await connection.FindFaultAsync(options.Redis.Prefix).ConfigureAwait(false) is not null)
            return false;
        foreach (byte[] name in new[] { _all, _inbox })
        {
            var channel = new PubSubChannel(name, Receive, () => connection.Break("pub/sub ended"));
            if (!await connection.SubscribeAsync(channel).ConfigureAwait(false))
                return false;
        }
        Volatile.Write(ref _received, time.GetMilliseconds());
        _connection = connection;
        _reached();
        return true;
    }

    private void Receive(ReadOnlySpan<byte> message)
    {
        if (_handler(message.ToArray()))
            Volatile.Write(ref _received, time.GetMilliseconds());
    }

    /// <summary>Probes the connection until it is broken.</summary>
    private async Task WatchAsync(RedisConnector connector, RedisConnection connection)
    {
        while (!_stop.IsCancellationRequested && !connection.Broken.IsCompleted)
        {
            // A server that became a replica also brings heartbeats back, but the other nodes are at its master. The replica refuses the
            // write of the probe, which breaks the connection.
            _ = connection.CallAsync(RedisScripts.Probe, [_probe], ["", _probe]);
            connector.Check(connection);
            await Task.WhenAny(connection.Broken, PauseAsync(WatchPeriod)).ConfigureAwait(false);
            if (IsSilent)
                connection.Break("silence");
        }
    }

    private byte[] Inbox(string inbox) => Encoding.UTF8.GetBytes($"{options.Redis.Prefix}:node:{inbox}");

    /// <summary>Waits, but no longer than until the bus stops.</summary>
    private async Task PauseAsync(TimeSpan wait) =>
        await Task.Delay(wait, time, _stop.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
}
