using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>A machine with an address of its own and a browser's cookies, which trusts one certificate. For one test.</summary>
internal sealed class Visitor : IDisposable
{
    private readonly SocketsHttpHandler _handler;
    private readonly HttpMessageInvoker _http;

    /// <param name="address">As <c>127.0.0.2</c>: all of 127.0.0.0/8 is this machine.</param>
    /// <param name="certificate">The one to trust.</param>
    public Visitor(string address, TestCertificate certificate)
    {
        Address = address;
        _handler = new SocketsHttpHandler
        {
            ResponseDrainTimeout = TimeSpan.Zero,
            CookieContainer = Cookies,
            ConnectCallback = (context, cancellation) => OpenAsync(IPAddress.Parse(address), context.DnsEndPoint.Port, cancellation),
            SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == certificate.Thumbprint },
        };
        _http = new HttpMessageInvoker(_handler);
    }

    public string Address { get; }

    public CookieContainer Cookies { get; } = new();

    /// <summary>The address that each request claims to come from. Null for no such claim.</summary>
    public string? Claim { get; init; }

    public Version Http { get; init; } = HttpVersion.Version11;

    public Task<JsonClient> ConnectAsync(int port, string query = "")
    {
        var uri = new Uri($"wss://localhost:{port}/ws{query}");
        return JsonClient.ConnectAsync(uri, _http, options =>
        {
            options.HttpVersion = Http;
            options.HttpVersionPolicy = HttpVersionPolicy.RequestVersionExact;
            if (Claim is not null)
                options.SetRequestHeader("X-Forwarded-For", Claim);
        });
    }

    /// <summary>The node that a connection opened for this comes to.</summary>
    public async Task<string> NodeAsync(int port)
    {
        await using var client = await ConnectAsync(port);
        return client.Connected.Text("node");
    }

    public Task<SseClient> StreamAsync(int port, string channel) =>
        SseClient.ConnectAsync(Requests(), new Uri($"https://localhost:{port}/sse?channel={channel}"), Http);

    /// <summary>Publishes by request, which must be accepted.</summary>
    public async Task PublishAsync(int port, string channel, int content)
    {
        using var http = Requests();
        using var body = new StringContent($$"""{"channel":"{{channel}}","content":{{content}}}""", Encoding.UTF8, "application/json");
        using var answer = await http.PostAsync(new Uri($"https://localhost:{port}/publish"), body);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
    }

    private HttpClient Requests()
    {
        var http = new HttpClient(_handler, disposeHandler: false) { Timeout = Eventually.Limit };
        if (Claim is not null)
            http.DefaultRequestHeaders.Add("X-Forwarded-For", Claim);
        return http;
    }

    private static async ValueTask<Stream> OpenAsync(IPAddress from, int port, CancellationToken cancellation)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            socket.Bind(new IPEndPoint(from, 0));
            await socket.ConnectAsync(IPAddress.Loopback, port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _handler.Dispose();
    }
}
