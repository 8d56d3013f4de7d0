using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;

namespace Gateway.Client;

/// <summary>
/// <see cref="Post"/> and <see cref="Wake"/> from any thread; the rest by the client that opened it. One WebSocket from its opening to its end,
/// with three loops: one receives and never waits for the application, one sends, one looks at the clock.
/// </summary>
internal sealed partial class Connection : IDisposable
{
    private const string Subprotocol = "gateway.v1.json";

    /// <summary>For the last words of either side; what does not come by then is not waited for.</summary>
    private static readonly TimeSpan CloseTimeout = TimeSpan.FromSeconds(2);

    private readonly ClientServices _services;
    private readonly ClientWebSocket _socket;
    private readonly ConcurrentQueue<byte[]> _control = new();
    private readonly Signal _signal = new();
    private volatile bool _closing;
    private ServerMessage _welcome = new();

    private Connection(ClientServices services, ClientWebSocket socket)
    {
        (_services, _socket) = (services, socket);
    }

    public ServerMessage Welcome => _welcome;

    /// <summary>Opens one and signs in.</summary>
    /// <returns>The connection, or why there is none.</returns>
    public static async Task<(Connection? Connection, ConnectionEnd? End)> OpenAsync(ClientServices services, string? token, CancellationToken stop)
    {
        var options = services.Options;
        var socket = new ClientWebSocket();
        var connection = new Connection(services, socket);
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        ConnectionEnd end;
        try
        {
            socket.Options.AddSubProtocol(Subprotocol);
            socket.Options.CollectHttpResponseDetails = true;
            // The gateway pings, and this side asks when it hears nothing.
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            if (token is not null)
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            options.ConfigureSocket?.Invoke(socket.Options);
            await socket.ConnectAsync(options.Url, either.Token);
            var refusal = await connection.ReceiveWelcomeAsync(either.Token);
            if (refusal is null)
                return (connection, null);
            end = refusal;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            string what = socket.HttpStatusCode == HttpStatusCode.SwitchingProtocols ? "open, but not signed in" : "not connected";
            end = connection.Said ?? ConnectionEnd.Lost($"{what} within {options.ConnectTimeout.TotalSeconds} s");
        }
        catch (WebSocketException e)
        {
            end = socket.HttpStatusCode is not (0 or HttpStatusCode.SwitchingProtocols)
                ? ConnectionEnd.Refused(socket.HttpStatusCode, ConnectionEnd.RetryAfterOf(socket), e, ConnectionEnd.WordsOf(socket))
                : connection.Said ?? ConnectionEnd.Lost("the gateway could not be reached", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
        connection.Dispose();
        return (null, end);
    }

    /// <summary>Takes up the subscriptions and sends what is queued, until the connection ends or is told to.</summary>
    public async Task<ConnectionEnd> RunAsync(CancellationToken stop)
    {
        using var ended = new CancellationTokenSource();
        var receiving = ReceiveAllAsync();
        var ticking = TickAsync(ended.Token);
        _services.Subscriptions.Attach(this);
        // Its subscriptions are the first it sends.
        var sending = SendAllAsync();
        await UntilAsync(receiving, stop);
        _closing = true;
        Wake();
        await ended.CancelAsync();
        var ending = Task.WhenAll(receiving, sending);
        try
        {
            await ending.WaitAsync(CloseTimeout, CancellationToken.None);
        }
        catch (TimeoutException)
        {
            _socket.Abort();
            await ending;
        }
        await ticking;
        _services.Subscriptions.Detach();
        _services.Requests.OnConnectionLost();
        return await receiving;
    }

    /// <summary>Sends ahead of the queue.</summary>
    public void Post(byte[] frame)
    {
        _control.Enqueue(frame);
        Wake();
    }

    /// <summary>There may be something to send.</summary>
    public void Wake() => _signal.Set();

    public void Dispose() => _socket.Dispose();

    private static async Task UntilAsync(Task ended, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult);
        await Task.WhenAny(ended, stopped.Task);
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (!_closing)
            {
                if (_control.TryDequeue(out byte[]? frame) || (frame = NextRequest()) is not null)
                    await _socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);
                else
                    await _signal.WaitAsync(CancellationToken.None);
            }
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
        }
        catch (Exception e) when (IsLoss(e))
        {
            // The receive loop finds out, and says why.
            _socket.Abort();
        }
    }

    private byte[]? NextRequest()
    {
        var request = _services.Requests.Next();
        if (request is { Unechoed: { } channel })
            _services.Subscriptions.Find(channel)?.OnPublishing(request.Id);
        return request?.Frame;
    }

    /// <summary>What a WebSocket throws when its peer or its network is gone, or when it was aborted here.</summary>
    private static bool IsLoss(Exception e) => e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or IOException;
}
