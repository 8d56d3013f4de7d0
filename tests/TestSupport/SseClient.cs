using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>Reads a stream of <c>/sse</c> event by event, and from the socket only when a test asks for an event. For one thread.</summary>
public sealed class SseClient : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly EventStreamParser _parser = new();
    private readonly byte[] _buffer = new byte[4096];
    private HttpResponseMessage _response = null!;
    private Stream _body = null!;
    private int _at;
    private int _end;

    private SseClient(HttpClient http) => _http = http;

    public HttpResponseMessage Response => _response;

    public EventStreamParser Parser => _parser;

    public string LastEventId => _parser.LastEventId;

    /// <summary>The <c>connected</c> event's message.</summary>
    public JsonElement Connected { get; private set; }

    public string ConnectionId => Connected.GetProperty("connection").GetString()!;

    /// <summary>Opens a stream, and waits for its <c>connected</c>.</summary>
    /// <param name="port">The gateway's public port.</param>
    /// <param name="query">As <c>channel=a</c>.</param>
    /// <param name="headers">As <c>Last-Event-ID: x</c>.</param>
    public static async Task<SseClient> ConnectAsync(int port, string query, params string[] headers)
    {
        var client = await OpenAsync(port, query, receiveBuffer: null, headers);
        client.Connected = (await client.ReceiveAsync("connected")).Json;
        return client;
    }

    /// <summary>Opens a stream, and reads nothing of it.</summary>
    /// <param name="port">As above.</param>
    /// <param name="query">As above.</param>
    /// <param name="receiveBuffer">Bytes of the kernel's receive buffer; small ones make a client that stops reading felt sooner.</param>
    /// <param name="headers">As above.</param>
    public static async Task<SseClient> OpenAsync(int port, string query, int? receiveBuffer, params string[] headers)
    {
        var handler = new SocketsHttpHandler
        {
            ResponseDrainTimeout = TimeSpan.Zero,
            ConnectCallback = async (context, cancellation) => await ConnectAsync(context.DnsEndPoint.Port, receiveBuffer),
        };
        using var request = Request(HttpMethod.Get, port, "/sse?" + query, headers);
        return await OpenAsync(new HttpClient(handler) { Timeout = Eventually.Limit }, request);
    }

    /// <summary>Opens a stream, and waits for its <c>connected</c>.</summary>
    /// <param name="http">What opens it: with its cookies, its certificates and its address. It ends with the stream.</param>
    /// <param name="uri">The whole address.</param>
    /// <param name="version">Of HTTP.</param>
    public static async Task<SseClient> ConnectAsync(HttpClient http, Uri uri, Version version)
    {
        using var request =
            new HttpRequestMessage(HttpMethod.Get, uri) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        var client = await OpenAsync(http, request);
        client.Connected = (await client.ReceiveAsync("connected")).Json;
        return client;
    }

    private static async Task<SseClient> OpenAsync(HttpClient http, HttpRequestMessage request)
    {
        var client = new SseClient(http);
        client._response = await client._http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        if (!client._response.IsSuccessStatusCode)
            throw new InvalidOperationException($"{client._response.StatusCode}: {await client._response.Content.ReadAsStringAsync()}");
        client._body = await client._response.Content.ReadAsStreamAsync();
        return client;
    }

    public static HttpRequestMessage Request(HttpMethod method, int port, string path, params string[] headers)
    {
        var request = new HttpRequestMessage(method, new Uri($"http://127.0.0.1:{port}{path}"));
        foreach (string header in headers)
        {
            int colon = header.IndexOf(':', StringComparison.Ordinal);
            request.Headers.TryAddWithoutValidation(header[..colon], header[(colon + 2)..]);
        }
        return request;
    }

    /// <summary>Reads the next event. Null at the end of the stream.</summary>
    public async Task<StreamEvent?> TryReceiveAsync()
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        while (true)
        {
            while (_at < _end)
            {
                if (_parser.Add(_buffer[_at++]) is { } complete)
                    return complete;
            }
            (_at, _end) = (0, await _body.ReadAsync(_buffer, deadline.Token));
            if (_end == 0)
                return null;
        }
    }

    public async Task<StreamEvent> ReceiveAsync() => await TryReceiveAsync() ?? throw new ClosedException("the stream has ended");

    /// <summary>Reads the next event, which must be of this type.</summary>
    public async Task<StreamEvent> ReceiveAsync(string type)
    {
        var next = await ReceiveAsync();
        return next.Type == type ? next : throw new InvalidOperationException($"expected {type}, got {next}");
    }

    /// <summary>Reads events up to the first that matches.</summary>
    public async Task<List<StreamEvent>> ReceiveThroughAsync(Func<StreamEvent, bool> last)
    {
        var events = new List<StreamEvent>();
        do
            events.Add(await ReceiveAsync());
        while (!last(events[^1]));
        return events;
    }

    private static async Task<Stream> ConnectAsync(int port, int? receiveBuffer)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        if (receiveBuffer is { } bytes)
        {
            socket.ReceiveBufferSize = bytes;
            // TCP_MAXSEG: as in a real network.
            socket.SetRawSocketOption(6, 2, BitConverter.GetBytes(536));
        }
        await socket.ConnectAsync(IPAddress.Loopback, port);
        return new NetworkStream(socket, ownsSocket: true);
    }

    public async ValueTask DisposeAsync()
    {
        if (_body is not null)
            await _body.DisposeAsync();
        _response?.Dispose();
        _http.Dispose();
    }
}
