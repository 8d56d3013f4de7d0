using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// Safe for any thread; of one <see cref="RedisConnection"/>. Which pub/sub connection has which channel: a single one has them all, or, where
/// pub/sub is sharded, each master of the cluster has those of its slots.
/// </summary>
internal sealed class RedisSubscriptions(RedisTopology topology, RedisServerAddress address, bool isSharded) : IDisposable
{
    /// <summary>For a connection to be there.</summary>
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(2);

    /// <summary>For an answer on it, within that of whoever asks in turn: silence for so long shows that it is of no more use.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(4.5);

    /// <summary>How long a server that could not be reached is not tried again: every channel it has asks for it.</summary>
    private const int RetryMilliseconds = 500;

    /// <summary>A slot that moves may send one on, and the server it names may do so once more.</summary>
    private const int MaxMoves = 3;

    /// <summary>How often, and how long apart, the servers are asked anew where they name one that is a replica: then the feed waits.</summary>
    private const int MaxLooks = 10;

    private const int LookMilliseconds = 20;

    private readonly Lock _gate = new();
    private readonly Dictionary<EndPoint, (Task<PubSubConnection?> Opening, long Since)> _connections = [];
    private readonly Dictionary<EndPoint, (Task<bool> Answer, long Since)> _looks = [];
    private readonly TaskCompletionSource<string> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isDisposed;

    // When a subscription ended by itself last: what was known then of who has which slot may be wrong.
    private long _doubted = long.MinValue;

    /// <summary>Whether a channel is at the server that has its slot, where SPUBLISH reaches it.</summary>
    public bool IsSharded => isSharded;

    /// <summary>Completes when the single connection ends, with the reason. Of several, one says nothing of the others: its channels are told.</summary>
    public Task<string> Ended => _ended.Task;

    /// <summary>Opens the single connection, where it is one.</summary>
    /// <returns>Null when it is there, or why not.</returns>
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

    /// <summary>Ends connections to servers that are no masters any more: what is published does not reach them for sure.</summary>
    /// <param name="masters">The names of those that are.</param>
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
            _ = opening.ContinueWith(opened => opened.Result?.Dispose(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
    }

    /// <summary>
    /// An old master that has become a replica takes subscriptions too, and hears of what is published at the new one, or does not. So once a
    /// subscription has ended by itself, the servers are asked anew who has what, and the one that they name whether it is so.
    /// </summary>
    private async Task<EndPoint?> MasterOfAsync(byte[] name)
    {
        for (int i = 0; i < MaxLooks && Volatile.Read(ref _doubted) is var doubted && doubted != long.MinValue; i++)
        {
            await Task.WhenAny(topology.RefreshedSinceAsync(doubted), Task.Delay(RetryMilliseconds)).ConfigureAwait(false);
            if (topology.MasterOf(name) is not { } server || await MayBeMasterAsync(server, doubted).ConfigureAwait(false))
                break;
            // The servers tell each other within milliseconds.
            await Task.Delay(LookMilliseconds).ConfigureAwait(false);
            Doubt();
        }
        return topology.MasterOf(name);
    }

    /// <summary>Asks once for all channels.</summary>
    private Task<bool> MayBeMasterAsync(EndPoint server, long since)
    {
        lock (_gate)
        {
            if (!_looks.TryGetValue(server, out var look) || look.Since < since)
                _looks[server] = look = (topology.MayBeMasterAsync(server), Environment.TickCount64);
            return look.Answer;
        }
    }

    private static async Task<string?> AnswerAsync(PubSubConnection connection, PubSubChannel channel)
    {
        try
        {
            return await connection.SubscribeAsync(channel).WaitAsync(AnswerTimeout).ConfigureAwait(false);
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
            if (isKnown && (!entry.Opening.IsCompleted || entry.Opening.Result is { Ended.IsCompleted: false } || Environment.TickCount64 - entry.Since < RetryMilliseconds))
                return entry.Opening;
            var opening = OpenAsync(server);
            _connections[server] = (opening, Environment.TickCount64);
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
        using var deadline = new CancellationTokenSource(ConnectTimeout);
        try
        {
            await socket.ConnectAsync(server, deadline.Token).ConfigureAwait(false);
            stream = await SecuredAsync(new NetworkStream(socket, ownsSocket: true), server, deadline.Token).ConfigureAwait(false);
            var connection = await PubSubConnection.StartAsync(stream, isSharded, address.User, address.Password, Doubt).WaitAsync(deadline.Token).ConfigureAwait(false);
            _ = TellEndAsync(connection);
            return connection;
        }
        catch (Exception)
        {
            // Refused, no answer in time, a certificate that will not do: the client library's connection to the same server says why.
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

    private void Doubt() => Volatile.Write(ref _doubted, Environment.TickCount64);

    private async Task TellEndAsync(PubSubConnection connection)
    {
        string reason = await connection.Ended.ConfigureAwait(false);
        if (!isSharded)
            _ended.TrySetResult(reason);
    }
}
