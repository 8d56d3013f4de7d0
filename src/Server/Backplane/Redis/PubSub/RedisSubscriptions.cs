using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using Gateway.Server.Clock;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// The pub/sub connections of one <see cref="RedisConnection"/>. A single one has all channels, or, where pub/sub is sharded, the one to
/// each master of the cluster has the channels of its slots. Safe for any thread.
/// </summary>
internal sealed class RedisSubscriptions(
    RedisTopology topology, RedisServerAddress address, bool isSharded, TimeProvider time) : IDisposable
{
    /// <summary>How long a connection may take to open.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>
    /// How long an answer may take, within the timeout of a queued call. Silence for so long shows that the connection is of no more use.
    /// </summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(4.5);

    /// <summary>The time between two attempts to reach a server: every channel that it has asks for the connection.</summary>
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Redirections that a subscription follows: a slot that moves causes one, and the server it names may cause another.
    /// </summary>
    private const int MaxMoves = 3;

    /// <summary>How often the servers are asked again while they name a replica as the master. After that the reader waits.</summary>
    private const int MaxMasterChecks = 10;

    private static readonly TimeSpan MasterCheckDelay = TimeSpan.FromMilliseconds(20);

    private readonly Lock _gate = new();
    private readonly Dictionary<EndPoint, (Task<PubSubConnection?> Opening, long Since)> _connections = [];
    private readonly Dictionary<EndPoint, (Task<bool> Answer, long Since)> _masterChecks = [];
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDisposed;

    /// <summary>When a subscription ended by itself last: what was known then of the slots may be wrong.</summary>
    private long _doubted = long.MinValue;

    /// <summary>Whether each channel is subscribed to at the server that has its slot, where SPUBLISH reaches it.</summary>
    public bool IsSharded => isSharded;

    /// <summary>
    /// Completes when the single connection ends, with the reason. The end of one of several concerns only its channels, which are told.
    /// </summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Opens the single connection. Where pub/sub is sharded, connections are opened with the first subscriptions.</summary>
    /// <returns>Null, or why there is no connection.</returns>
    public async Task<string?> OpenAsync()
    {
        if (isSharded)
            return null;
        if (topology.Master() is not { } server)
            return "no server that takes writes is there";
        if (await ConnectionAsync(server).ConfigureAwait(false) is not { } connection)
            return $"no pub/sub connection to {server}";
        return connection.Ended.IsCompleted ? await connection.Ended.ConfigureAwait(false) : null;
    }

    /// <summary>Subscribes a channel at its server.</summary>
    /// <returns>Null when messages come from now on, or why they do not.</returns>
    public async Task<string?> SubscribeAsync(PubSubChannel channel)
    {
        var server = isSharded ? await MasterOfAsync(channel.Name).ConfigureAwait(false) : topology.Master();
        for (int moves = 0; server is not null; moves++)
        {
            if (await ConnectionAsync(server).ConfigureAwait(false) is not { } connection)
                return $"no pub/sub connection to {server}";
            channel.Connection = connection;
            string? problem = await AnswerAsync(connection, channel).ConfigureAwait(false);
            if (problem is null || !problem.StartsWith("MOVED ", StringComparison.Ordinal))
                return problem;
            _ = topology.RefreshAsync();
            // "MOVED 3999 10.0.0.6:6379"
            if (moves == MaxMoves || (server = EndPointCollection.TryParse(problem[(problem.LastIndexOf(' ') + 1)..])) is null)
                return problem;
        }
        return "no server is known for the channel";
    }

    /// <summary>Ends connections to servers that are no masters any more: a message may not reach them.</summary>
    /// <param name="masters">The names of the masters.</param>
    public void KeepTo(IReadOnlyCollection<string> masters)
    {
        if (!isSharded || masters.Count == 0)
            return;
        List<PubSubConnection> left = [];
        lock (_gate)
        {
            foreach (var (server, entry) in _connections)
            {
                if (entry.Opening is { IsCompletedSuccessfully: true, Result: { } connection } && !masters.Contains(server.ToString()!))
                    left.Add(connection);
            }
        }
        foreach (var connection in left)
            connection.End("no master any more");
    }

    public void Dispose()
    {
        List<Task<PubSubConnection?>> openings;
        lock (_gate)
        {
            _isDisposed = true;
            openings = [.. _connections.Values.Select(entry => entry.Opening)];
            _connections.Clear();
        }
        foreach (var opening in openings)
        {
            _ = opening.ContinueWith(
                opened => opened.Result?.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        }
    }

    /// <summary>
    /// The master that has a name's slot. An old master that has become a replica takes subscriptions too, and may not get what is
    /// published at the new one. So once a subscription has ended by itself, the servers are asked again for their slots, and the named one
    /// for its role.
    /// </summary>
    private async Task<EndPoint?> MasterOfAsync(byte[] name)
    {
        for (int i = 0; i < MaxMasterChecks && Volatile.Read(ref _doubted) is var doubted && doubted != long.MinValue; i++)
        {
            await Task.WhenAny(topology.RefreshedSinceAsync(doubted), Task.Delay(RetryDelay, time)).ConfigureAwait(false);
            if (topology.MasterOf(name) is not { } server || await MayBeMasterAsync(server, doubted).ConfigureAwait(false))
                break;
            // The servers tell each other of a new master within milliseconds.
            await Task.Delay(MasterCheckDelay, time).ConfigureAwait(false);
            Doubt();
        }
        return topology.MasterOf(name);
    }

    /// <summary>Asks a server for its role, once for all channels.</summary>
    private Task<bool> MayBeMasterAsync(EndPoint server, long since)
    {
        lock (_gate)
        {
            if (!_masterChecks.TryGetValue(server, out var check) || check.Since < since)
                _masterChecks[server] = check = (topology.MayBeMasterAsync(server), time.GetMilliseconds());
            return check.Answer;
        }
    }

    private async Task<string?> AnswerAsync(PubSubConnection connection, PubSubChannel channel)
    {
        try
        {
            return await connection.SubscribeAsync(channel).WaitAsync(AnswerTimeout, time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            connection.End("no answer");
            return "no answer";
        }
    }

    private Task<PubSubConnection?> ConnectionAsync(EndPoint server)
    {
        lock (_gate)
        {
            if (_isDisposed)
                return Task.FromResult<PubSubConnection?>(null);
            bool isKnown = _connections.TryGetValue(server, out var entry);
            long now = time.GetMilliseconds();
            bool isUsable = isKnown && (!entry.Opening.IsCompleted || entry.Opening.Result is { Ended.IsCompleted: false });
            if (isUsable || (isKnown && now - entry.Since < RetryDelay.TotalMilliseconds))
                return entry.Opening;
            var opening = OpenAsync(server);
            _connections[server] = (opening, now);
            return opening;
        }
    }

    /// <returns>Null where the server cannot be reached or does not let the gateway in.</returns>
    private async Task<PubSubConnection?> OpenAsync(EndPoint server)
    {
        await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
        var socket = server is UnixDomainSocketEndPoint
            ? new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified)
            : new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        Stream? stream = null;
        using var deadline = new CancellationTokenSource(ConnectTimeout, time);
        try
        {
            await socket.ConnectAsync(server, deadline.Token).ConfigureAwait(false);
            stream = await SecuredAsync(new NetworkStream(socket, ownsSocket: true), server, deadline.Token).ConfigureAwait(false);
            var starting = PubSubConnection.StartAsync(stream, isSharded, address.User, address.Password, Doubt);
            var connection = await starting.WaitAsync(deadline.Token).ConfigureAwait(false);
            _ = ReportEndAsync(connection);
            return connection;
        }
        catch (Exception)
        {
            // Refused, no answer in time, or a bad certificate: the client library's connection to the same server says why.
            socket.Dispose();
            if (stream is not null)
                await stream.DisposeAsync().ConfigureAwait(false);
            return null;
        }
    }

    private async Task<Stream> SecuredAsync(NetworkStream plain, EndPoint server, CancellationToken cancellation)
    {
        if (address.TlsTo(server) is not { } options)
            return plain;
        var secured = new SslStream(plain);
        await secured.AuthenticateAsClientAsync(options, cancellation).ConfigureAwait(false);
        return secured;
    }

    private void Doubt() => Volatile.Write(ref _doubted, time.GetMilliseconds());

    private async Task ReportEndAsync(PubSubConnection connection)
    {
        string reason = await connection.Ended.ConfigureAwait(false);
        if (!isSharded)
            _ended.TrySetResult(reason);
    }
}
