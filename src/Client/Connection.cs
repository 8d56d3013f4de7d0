using System.Collections.Concurrent;
using System.Net;
using System.Net.WebSockets;
using Gateway.Protocol.Messages;

namespace Gateway.Client;

/// <summary>
/// One WebSocket from its opening to its end, with three loops: one receives and never waits for the application, one sends, one watches
/// the clock. <see cref="Post"/> and <see cref="Wake"/> may be called from any thread, the rest by the client that opened the connection.
/// </summary>
internal sealed partial class Connection : IDisposable
{
    /// <summary>The time that both sides have for their last messages and close frames before the socket is aborted.</summary>
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

    /// <summary>Opens a connection and signs in.</summary>
    /// <returns>The connection, or the reason why there is none.</returns>
    public static async Task<(Connection? Connection, ConnectionEnd? End)> OpenAsync(
        ClientServices services, string? token, CancellationToken stop)
    {
        var options = services.Options;
        var socket = new ClientWebSocket();
        var connection = new Connection(services, socket);
        using var deadline = new CancellationTokenSource(options.ConnectTimeout, options.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, stop);
        ConnectionEnd end;
        try
        {
            socket.Options.AddSubProtocol(Subprotocol.Json);
            socket.Options.CollectHttpResponseDetails = true;
            // The gateway pings, and the clock loop sends a message of type ping when nothing comes.
            socket.Options.KeepAliveInterval = TimeSpan.Zero;
            if (token is not null)
                socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
            if (options.Compress)
                socket.Options.DangerousDeflateOptions =
                    new WebSocketDeflateOptions { ClientContextTakeover = false, ServerContextTakeover = false };
            options.ConfigureSocket?.Invoke(socket.Options);
            await socket.ConnectAsync(options.Url, either.Token).ConfigureAwait(false);
            var refusal = await connection.ReceiveWelcomeAsync(either.Token).ConfigureAwait(false);
            if (refusal is null)
                return (connection, null);
            end = refusal;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            bool isOpen = socket.HttpStatusCode == HttpStatusCode.SwitchingProtocols;
            string state = isOpen ? "open, but not signed in" : "not connected";
            end = connection.AnnouncedEnd ?? ConnectionEnd.Lost($"{state} within {options.ConnectTimeout.TotalSeconds} s");
        }
        catch (WebSocketException e)
        {
            end = socket.HttpStatusCode is not (0 or HttpStatusCode.SwitchingProtocols)
                ? ConnectionEnd.Refused(socket.HttpStatusCode, ConnectionEnd.RetryAfterOf(socket), e, ConnectionEnd.DescriptionOf(socket))
                : connection.AnnouncedEnd ?? ConnectionEnd.Lost("the gateway could not be reached", e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
        connection.Dispose();
        return (null, end);
    }

    /// <summary>
    /// Resumes the subscriptions and sends the queued requests, until the connection ends or <paramref name="stop"/> is canceled.
    /// </summary>
    public async Task<ConnectionEnd> RunAsync(CancellationToken stop)
    {
        using var ended = new CancellationTokenSource();
        var receiving = ReceiveAllAsync();
        var ticking = TickAsync(ended.Token);
        _services.Subscriptions.Attach(this);
        // The sending starts after Attach has posted the subscriptions, so that they go out first.
        var sending = SendAllAsync();
        await UntilAsync(receiving, stop).ConfigureAwait(false);
        _closing = true;
        Wake();
        await ended.CancelAsync().ConfigureAwait(false);
        var ending = Task.WhenAll(receiving, sending);
        try
        {
            await ending.WaitAsync(CloseTimeout, CancellationToken.None).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            _socket.Abort();
            await ending.ConfigureAwait(false);
        }
        await ticking.ConfigureAwait(false);
        _services.Subscriptions.Detach();
        _services.Requests.OnConnectionLost();
        return await receiving.ConfigureAwait(false);
    }

    /// <summary>Sends a message ahead of the queued requests.</summary>
    public void Post(byte[] frame)
    {
        _control.Enqueue(frame);
        Wake();
    }

    /// <summary>Makes the send loop look for something to send.</summary>
    public void Wake() => _signal.Set();

    public void Dispose() => _socket.Dispose();

    private static async Task UntilAsync(Task ended, CancellationToken stop)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = stop.Register(stopped.SetResult).ConfigureAwait(false);
        await Task.WhenAny(ended, stopped.Task).ConfigureAwait(false);
    }

    private async Task SendAllAsync()
    {
        try
        {
            while (!_closing)
            {
                if (_control.TryDequeue(out byte[]? frame))
                    await SendAsync(frame, WebSocketMessageType.Text).ConfigureAwait(false);
                else if (NextRequest() is { } request)
                    await SendAsync(request.Frame, request.IsBinary ? WebSocketMessageType.Binary : WebSocketMessageType.Text)
                        .ConfigureAwait(false);
                else
                    await _signal.WaitAsync(CancellationToken.None).ConfigureAwait(false);
            }
            if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception e) when (IsLoss(e))
        {
            // The receive loop fails too, and gives the reason.
            _socket.Abort();
        }
    }

    private Task SendAsync(byte[] frame, WebSocketMessageType type) =>
        _socket.SendAsync(frame, type, endOfMessage: true, CancellationToken.None);

    private Request? NextRequest()
    {
        var request = _services.Requests.Next();
        if (request is { Unechoed: { } channel })
            _services.Subscriptions.Find(channel)?.OnPublishing(request.Id);
        return request;
    }

    /// <summary>Whether a WebSocket throws this when its peer or its network is gone, or when this side has aborted it.</summary>
    private static bool IsLoss(Exception e) =>
        e is WebSocketException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or IOException;
}
