using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using Gateway.Tests.OperatorPage;
using Gateway.TestSupport;

namespace Gateway.Tests.Clients;

/// <summary>Protocol, "Closing": clients that many use see the code of a violation, a clean end, and both at once.</summary>
public sealed class ViolationTests(ChromiumBrowser browser) : IClassFixture<ChromiumBrowser>
{
    /// <summary>
    /// The most milliseconds from the violation to the end. On a busy machine one quick try of several is enough; while the server still
    /// waited for an answer, no try was quick even on an idle one.
    /// </summary>
    private const double Soon = 250;

    private const int Tries = 10;

    /// <summary>A script that sends one message as soon as it is connected and prints the close event.</summary>
    private const string Page = """
        ([url, kind, bytes]) => new Promise((resolve) => {
          const socket = new WebSocket(url, 'gateway.v1.json');
          let sent;
          socket.onmessage = () => {
            if (sent !== undefined)
              return;
            sent = performance.now();
            socket.send(kind === 'text' ? 'x'.repeat(bytes) : new Uint8Array(bytes));
          };
          socket.onclose = ({ code, reason, wasClean }) => resolve({ code, reason, wasClean, milliseconds: performance.now() - sent });
        })
        """;

    private static Task<GatewayServer> StartAsync(TestCertificate certificate, bool tls) =>
        GatewayServer.StartAsync(tls ? certificate.Pem : []);

    [Theory]
    [InlineData(false, "binary", 3, 1003, "a binary message begins with the length of its header, in 4 bytes")]
    [InlineData(true, "binary", 3, 1003, "a binary message begins with the length of its header, in 4 bytes")]
    [InlineData(false, "text", 1_000_000, 1009, "message exceeds 65536 bytes")]
    [InlineData(true, "text", 1_000_000, 1009, "message exceeds 65536 bytes")]
    public async Task A_browser_does(bool tls, string kind, int bytes, int code, string reason)
    {
        using var certificate = new TestCertificate();
        await using var server = await StartAsync(certificate, tls);
        var page = await browser.BlankAsync();
        double best = double.MaxValue;
        for (int i = 0; i < Tries; i++)
        {
            var seen = await page.EvaluateAsync<JsonElement>(Page, new object[] { server.WebSocketUri.ToString(), kind, bytes });
            Assert.Equal((code, reason, true), (seen.Number("code"), seen.Text("reason"), seen.GetProperty("wasClean").GetBoolean()));
            best = Math.Min(best, seen.GetProperty("milliseconds").GetDouble());
        }
        Assert.InRange(best, 0, Soon);
        await page.CloseAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_npm_client_does(bool tls)
    {
        using var certificate = new TestCertificate();
        await using var server = await StartAsync(certificate, tls);
        await NodeScript.PassesAsync("violations.mjs", server, authority: certificate.PemPath);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task The_platforms_client_does(bool tls)
    {
        using var certificate = new TestCertificate();
        await using var server = await StartAsync(certificate, tls);
        (int Code, WebSocketMessageType Type, byte[] Sent)[] violations =
        [
            (1003, WebSocketMessageType.Binary, [1]),
            (1007, WebSocketMessageType.Text, [0xFF]),
            (1009, WebSocketMessageType.Text, new byte[1_000_000]),
        ];
        foreach (var (code, type, sent) in violations)
        {
            double best = double.MaxValue;
            for (int i = 0; i < Tries && best > Soon; i++)
                best = Math.Min(best, await EndAsync(server, code, type, sent));
            Assert.InRange(best, 0, Soon);
        }
    }

    /// <summary>Milliseconds from the message to the end of the closing handshake and of the stream.</summary>
    private static async Task<double> EndAsync(GatewayServer server, int code, WebSocketMessageType type, byte[] sent)
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        using var socket = new ClientWebSocket();
        socket.Options.RemoteCertificateValidationCallback = static (_, shown, _, _) => shown?.Subject == "CN=localhost";
        socket.Options.AddSubProtocol("gateway.v1.json");
        await socket.ConnectAsync(server.WebSocketUri, deadline.Token);
        byte[] buffer = new byte[1_000];
        await socket.ReceiveAsync(buffer, deadline.Token);

        var clock = Stopwatch.StartNew();
        await socket.SendAsync(sent, type, endOfMessage: true, deadline.Token);
        while ((await socket.ReceiveAsync(buffer, deadline.Token)).MessageType != WebSocketMessageType.Close)
        {
        }
        // This client waits for the server to hang up.
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, deadline.Token);
        Assert.Equal(code, (int)socket.CloseStatus!.Value);
        Assert.Equal(WebSocketState.Closed, socket.State);
        return clock.Elapsed.TotalMilliseconds;
    }
}
