using System.Diagnostics.Metrics;
using Gateway.Tests.Sse;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Auth;

/// <summary>
/// Secrecy of tokens: no part of one is found in a log, a metric or an answer, wherever it was sent and whatever was wrong with it.
/// </summary>
public sealed class SecrecyTests
{
    private const string Page = "https://app.example.com";

    [Theory]
    [InlineData("Microsoft.AspNetCore")]
    [InlineData("Microsoft.AspNetCore.Hosting.Diagnostics")]
    [InlineData("*")]
    public async Task Nothing_that_is_logged_measured_or_answered_holds_a_token(string loudest)
    {
        var logs = new CapturedLogs();
        var heard = new List<string>();
        using var listener = Listen(heard);
        await using var server = await GatewayServer.StartAsync(
            ["Auth:Secret=" + TokenServer.Secret, "Auth:Cookie=session", "Origins=" + Page],
            services => services.AddLogging(logging => logging
                .AddProvider(logs)
                .SetMinimumLevel(LogLevel.Trace)
                .AddFilter(loudest, LogLevel.Trace)
                .AddFilter<CapturedLogs>(loudest, LogLevel.Trace)));

        var sent = await SendEverywhereAsync(server.PublicPort, heard);

        lock (heard)
            AssertNone(sent, [.. logs.Lines, .. heard]);
        Assert.Contains(logs.Lines, line => line.Contains("refused with 401", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Nothing_that_the_process_prints_holds_a_token_or_the_secret()
    {
        await using var gateway = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            Settings = ["Auth:Secret=" + TokenServer.Secret, "Auth:Cookie=session", "Origins=" + Page],
            Environment = new Dictionary<string, string>
            {
                ["Logging__LogLevel__Default"] = "Trace",
                ["Logging__Console__LogLevel__Microsoft.AspNetCore"] = "Trace",
            },
        });
        var answers = new List<string>();

        var sent = await SendEverywhereAsync(gateway.PublicPort, answers);
        gateway.Terminate();
        await gateway.ExitAsync();

        Assert.Contains("refused with 401", gateway.Output, StringComparison.Ordinal);
        AssertNone([.. sent, TokenServer.Secret], [gateway.Output, gateway.Errors, .. answers]);
    }

    /// <summary>Sends every kind of token in every place, over the raw port and over the HTTP server.</summary>
    /// <returns>The parts that nobody may find: payloads and signatures.</returns>
    private static async Task<List<string>> SendEverywhereAsync(int port, List<string> answers)
    {
        var good = TokenServer.Key.Token("ann", DateTimeOffset.UtcNow.AddHours(1));
        string[] tokens =
        [
            good,
            TokenServer.Key.Token("ann", DateTimeOffset.UtcNow.AddHours(-1)),
            TokenServer.Key.Token("ann", DateTimeOffset.UtcNow.AddHours(1), ",\"channel\":\"a\""),
            TokenServer.Key.Sign("""{"sub":7}"""),
            TokenServer.Key.Sign("""{"sub":"not json}"""),
            SigningKey.OfSecret("another secret that is long enough too").Token("ann"),
            SigningKey.OfRsa("RS256", "unknown").Token("ann"),
            "bm90aGVhZGVy.bm90YXBheWxvYWQ.bm90YXNpZ25hdHVyZQ",
        ];
        foreach (string token in tokens)
        {
            string[] requests =
            [
                RawWebSocket.UpgradeRequest("/ws", "Authorization: Bearer " + token),
                RawWebSocket.UpgradeRequest("/ws?token=" + token),
                RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: gateway.v1.json, bearer." + token),
                RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: other, bearer." + token),
                RawWebSocket.UpgradeRequest("/ws", "Cookie: session=" + token, "Origin: " + Page),
                RawWebSocket.UpgradeRequest("/ws", "Cookie: session=" + token),
                $"GET /ws?token={token} HTTP/1.1\r\nHost: gateway\r\n\r\n",
                $"GET /sse?channel=a&token={token}&lastEventId={token} HTTP/1.1\r\nHost: gateway\r\nLast-Event-ID: {token}\r\n\r\n",
                $"POST /publish?token={token} HTTP/1.1\r\nHost: gateway\r\nContent-Length: 9\r\n\r\nnot JSON.",
                $"GET /nowhere?token={token} HTTP/1.1\r\nHost: gateway\r\n\r\n",
                $"GET /\u0001?token={token} HTTP/1.1\r\nHost: gateway\r\n\r\n",
                $"GET  /?token={token} HTTP/1.1\r\nHost: gateway\r\n\r\n",
                $"GET / HTTP/1.1\r\nHost: {token}/\r\nCookie: session={token}\r\n\r\n",
            ];
            foreach (string request in requests)
                answers.Add(await AnswerAsync(port, request));
            answers.Add(
                (await Publishing.GetAsync(port, $"/sse?channel=a&token={token}&lastEventId={token}", "Last-Event-ID: " + token)).Body);
            answers.Add((await Publishing.PostAsync(port, "not JSON", "Authorization: Bearer " + token)).Body);
            answers.Add(
                await AnswerAsync(
                    port, "GET /health/live HTTP/1.1\r\nHost: gateway\r\n\r\n" + RawWebSocket.UpgradeRequest("/ws?token=" + token)));
            answers.Add(await AnswerAsync(port, RawWebSocket.UpgradeRequest("/ws"), $$"""{"type":"auth","token":"{{token}}","id":1}"""));
            string signedIn = RawWebSocket.UpgradeRequest("/ws?token=" + good);
            answers.Add(await AnswerAsync(port, signedIn, $$"""{"type":"refresh","token":"{{token}}"}"""));
            answers.Add(await AnswerAsync(port, signedIn, $$"""{"type":"subscribe","channel":"a","token":"{{token}}"}"""));
            answers.Add(await AnswerAsync(port, signedIn, $$"""{"type":"auth","token":"{{token}}" """));
        }
        return [.. tokens.SelectMany(token => token.Split('.').Skip(1)).Distinct()];
    }

    /// <summary>Reads the answer to the end of the stream.</summary>
    private static async Task<string> AnswerAsync(int port, string request, string? message = null)
    {
        await using var client = await RawWebSocket.ConnectTcpAsync(port);
        await client.SendTextAsync(request);
        if (message is not null)
            await client.SendAsync(
                new byte[][] { RawWebSocket.TextFrame(message), RawWebSocket.CloseFrame(1000) }.SelectMany(frame => frame).ToArray());
        client.FinishSending();
        try
        {
            return System.Text.Encoding.Latin1.GetString(await client.ReadToEndAsync());
        }
        catch (IOException)
        {
            // The HTTP server may reset a connection after its client has closed its half; then there is no answer to look at.
            return "";
        }
    }

    private static void AssertNone(IEnumerable<string> secrets, IReadOnlyCollection<string> texts)
    {
        foreach (string secret in secrets)
            Assert.All(texts, text => Assert.DoesNotContain(secret, text, StringComparison.Ordinal));
    }

    private static MeterListener Listen(List<string> heard)
    {
        var listener = new MeterListener { InstrumentPublished = (instrument, self) => self.EnableMeasurementEvents(instrument) };
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => Note(heard, tags));
        listener.SetMeasurementEventCallback<double>((_, _, tags, _) => Note(heard, tags));
        listener.Start();
        return listener;
    }

    private static void Note(List<string> heard, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        string text = string.Join(' ', tags.ToArray());
        lock (heard)
            heard.Add(text);
    }
}
