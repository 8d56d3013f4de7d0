using System.Text.Json;
using Gateway.Tests.OperatorPage;
using Gateway.TestSupport;

namespace Gateway.Tests.Compression;

/// <summary>Chromium, which offers permessage-deflate with every WebSocket.</summary>
public sealed class BrowserTests(ChromiumBrowser browser) : IClassFixture<ChromiumBrowser>
{
    /// <summary>Sends texts of several sizes to <c>/echo</c>, and tells what was agreed on and what came back.</summary>
    private const string Page = """
        (url) => new Promise((resolve, reject) => {
          const socket = new WebSocket(url);
          const texts = ['', 'short', 'ä'.repeat(5000), Array.from({ length: 20000 }, (_, i) => (i * 7919) % 10007).join(' ')];
          const seen = [];
          socket.onopen = () => texts.forEach((text) => socket.send(text));
          socket.onmessage = ({ data }) => {
            seen.push(data);
            if (seen.length === texts.length)
              resolve({ extensions: socket.extensions, same: texts.every((text, i) => text === seen[i]) });
          };
          socket.onclose = ({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`));
        })
        """;

    [Fact]
    public async Task A_browser_sends_and_receives_compressed_messages()
    {
        await using var server = await GatewayServer.StartAsync("Diagnostics:Echo=true", "Limits:MessageBytes=1000000");
        using var measured = new Measurements(server);
        var page = await browser.BlankAsync();

        var seen = await page.EvaluateAsync<JsonElement>(Page, server.EchoUri.ToString());

        Assert.True(seen.GetProperty("same").GetBoolean());
        Assert.Equal(
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            seen.GetProperty("extensions").GetString());
        Assert.InRange(measured["gateway.inflate.output"], 100_000, long.MaxValue);
        Assert.InRange(measured["gateway.network.saved"], 50_000, long.MaxValue);
        await page.CloseAsync();
    }
}
