using System.Globalization;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Threading.Channels;
using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Run;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Clients;

/// <summary>
/// One WebSocket of one client. Its messages and the ticks of its clock come one after the other to <see cref="IConnectionUser"/>,
/// from whose calls alone it may be used. Every request is held against its time.
/// </summary>
internal sealed class ClientConnection : IAsyncDisposable
{
    /// <summary>After so much silence it asks whether anybody is there.</summary>
    private const int SilenceMilliseconds = 2000;

    /// <summary>Longer than an answer may take, so that a late one is seen.</summary>
    private const int DeadMilliseconds = 12_000;

    /// <summary>What nobody can answer any more is not waited for that long.</summary>
    private const int KnownDeadMilliseconds = 4000;

    private static readonly TimeSpan TimeToConnect = TimeSpan.FromSeconds(4);
    /// <summary>Stands for the id that a handshake does not have.</summary>
    private const string ConnectId = "connect";

    private static int _numbers;
    private readonly ClientWebSocket _socket = new();
    private readonly CancellationTokenSource _ending = new();
    private readonly Channel<JsonDocument?> _inbox = Channel.CreateUnbounded<JsonDocument?>();
    private readonly Channel<string> _outbox = Channel.CreateUnbounded<string>();
    private readonly Dictionary<string, PendingRequest> _requests = [];
    private readonly ChaosScene _scene;
    private readonly string _client;
    private readonly NodeSlot _node;
    private readonly long _connectedAt;
    private long _heardAt;
    private bool _isAsking;
    private int _lastId;

    private ClientConnection(ChaosScene scene, string client, NodeSlot node)
    {
        _scene = scene;
        _client = client;
        _node = node;
        _connectedAt = _heardAt = scene.Clock.Now;
    }

    /// <summary>Unique over all connections.</summary>
    public int Number { get; } = Interlocked.Increment(ref _numbers);

    public NodeSlot Node => _node;

    /// <summary>Connects, and serves its user until either side ends it.</summary>
    /// <returns>False when there never was a connection.</returns>
    public static async Task<bool> RunAsync(
        ChaosScene scene, string client, NodeSlot node, IConnectionUser user, TimeSpan tick, CancellationToken stopping)
    {
        await using var connection = new ClientConnection(scene, client, node);
        using var stop = stopping.Register(connection.End);
        if (!await connection.ConnectAsync())
            return false;
        await connection.ServeAsync(user, tick);
        return true;
    }

    /// <summary>Sends a request and notes that it waits for its answer.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="channel">What it is about.</param>
    /// <param name="fields">The rest of it, each field with a leading comma.</param>
    /// <param name="id">Its id; null for one that is not used yet.</param>
    public void Ask(string type, string? channel, string fields = "", string? id = null)
    {
        id ??= string.Create(CultureInfo.InvariantCulture, $"r{++_lastId}");
        _requests[id] = Request(type, channel);
        string about = channel is null ? "" : $",\"channel\":\"{channel}\"";
        _outbox.Writer.TryWrite($$"""{"type":"{{type}}","id":"{{id}}"{{about}}{{fields}}}""");
    }

    /// <summary>The request that a message answers; null for none.</summary>
    public PendingRequest? TakeRequest(JsonElement message)
    {
        if (!message.TryGetProperty("id", out var id) || !_requests.Remove(id.GetString()!, out var request))
            return null;
        _scene.Answers.Done(request, isAnswered: true);
        return request;
    }

    /// <summary>Ends it at once; nothing more is heard.</summary>
    public void End()
    {
        try
        {
            _ending.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It is over already.
        }
    }

    public ValueTask DisposeAsync()
    {
        _socket.Dispose();
        _ending.Dispose();
        return ValueTask.CompletedTask;
    }

    private PendingRequest Request(string what, string? channel) =>
        new(what, _client, _node.Name, _node.Disturbances, _connectedAt, _scene.Clock.Now, channel);

    private async Task<bool> ConnectAsync()
    {
        _socket.Options.AddSubProtocol("gateway.v1.json");
        _socket.Options.SetRequestHeader("Authorization", "Bearer " + ChaosSettings.Token(_client));
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
        using var late = CancellationTokenSource.CreateLinkedTokenSource(_ending.Token);
        late.CancelAfter(TimeToConnect);
        try
        {
            await _socket.ConnectAsync(_node.WebSocket, late.Token);
            return true;
        }
        catch (Exception e) when (IsEnd(e))
        {
            return false;
        }
    }

    private async Task ServeAsync(IConnectionUser user, TimeSpan tick)
    {
        _requests[ConnectId] = Request("connect", channel: null);
        Task[] tasks = [ReadAsync(), WriteAsync(), TickAsync(tick)];
        try
        {
            await foreach (var document in _inbox.Reader.ReadAllAsync(_ending.Token))
            {
                using (document)
                {
                    if (document is null)
                        Tick(user);
                    else
                        Hear(user, document.RootElement);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Either end, or the run, has ended it.
        }
        End();
        await Task.WhenAll(tasks);
        foreach (var request in _requests.Values)
            _scene.Answers.Done(request, isAnswered: false);
        user.Gone(this);
    }

    private void Hear(IConnectionUser user, JsonElement message)
    {
        _heardAt = _scene.Clock.Now;
        _isAsking = false;
        string type = message.GetProperty("type").GetString()!;
        if (type == "connected" && _requests.Remove(ConnectId, out var handshake))
            _scene.Answers.Done(handshake, isAnswered: true);
        if (type == "pong")
            TakeRequest(message);
        else
            user.Hear(this, type, message);
    }

    private void Tick(IConnectionUser user)
    {
        long silence = _scene.Clock.Now - _heardAt;
        bool isDead = _node.Disturbances.IsDead(_connectedAt, _scene.Clock.Now);
        if (silence > (isDead ? KnownDeadMilliseconds : DeadMilliseconds))
        {
            End();
            return;
        }
        if (silence > SilenceMilliseconds && !_isAsking)
        {
            _isAsking = true;
            Ask("ping", channel: null);
        }
        foreach (var (id, request) in _requests)
        {
            if (_scene.Answers.IsLate(request))
                _requests[id] = request with { IsReported = true };
        }
        user.Tick(this);
    }

    private async Task ReadAsync()
    {
        byte[] buffer = new byte[16 * 1024];
        var message = new MemoryStream();
        try
        {
            while (true)
            {
                var received = await _socket.ReceiveAsync(buffer.AsMemory(), _ending.Token);
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                message.Write(buffer, 0, received.Count);
                if (!received.EndOfMessage)
                    continue;
                _inbox.Writer.TryWrite(JsonDocument.Parse(message.ToArray()));
                message.SetLength(0);
            }
        }
        catch (Exception e) when (IsEnd(e))
        {
            // How it ended is all the same to a client.
        }
        // What came before the end counts.
        _inbox.Writer.TryComplete();
        _outbox.Writer.TryComplete();
    }

    private async Task WriteAsync()
    {
        try
        {
            await foreach (string message in _outbox.Reader.ReadAllAsync(_ending.Token))
                await _socket.SendAsync(Encoding.UTF8.GetBytes(message), WebSocketMessageType.Text, endOfMessage: true, _ending.Token);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, _ending.Token);
        }
        catch (Exception e) when (IsEnd(e))
        {
            // The reader sees it too.
        }
    }

    private async Task TickAsync(TimeSpan tick)
    {
        try
        {
            while (_inbox.Writer.TryWrite(null))
                await Task.Delay(tick, _ending.Token);
        }
        catch (OperationCanceledException)
        {
            // It has ended.
        }
    }

    private static bool IsEnd(Exception e) =>
        e is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException
            or HttpRequestException;
}
