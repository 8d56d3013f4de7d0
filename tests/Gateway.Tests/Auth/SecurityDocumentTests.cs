using System.Diagnostics;
using Gateway.TestSupport;
using NodeProcess = System.Diagnostics.Process;

namespace Gateway.Tests.Auth;

/// <summary>The example of docs/security.md, run as the page shows it.</summary>
public sealed class SecurityDocumentTests
{
    [Fact]
    public async Task The_token_that_the_document_shows_how_to_sign_signs_in()
    {
        const string Secret = "at least 32 bytes that nobody can guess";
        await using var server = await GatewayServer.StartAsync("Auth:Secret=" + Secret);

        await using var client = await JsonClient.ConnectAsync(server, "?token=" + await PrintedAsync(await ExampleAsync(), Secret));

        Assert.Equal("ann", client.User);
        await client.SubscribeAsync("news");
        await client.PublishAsync("news", "1");
        await client.ReceiveAsync("message");
        Assert.Equal("forbidden", (await client.AskAsync("""{"type":"subscribe","channel":"other"}""", "error")).Text("code"));
    }

    private static async Task<string> ExampleAsync()
    {
        string document = await File.ReadAllTextAsync(
            Path.Combine(Repository.Root, "docs", "security.md"), TestContext.Current.CancellationToken);
        return document.Split("```js\n")[1].Split("```")[0];
    }

    private static async Task<string> PrintedAsync(string script, string secret)
    {
        var start = new ProcessStartInfo("node", ["--input-type=module", "--eval", script]) { RedirectStandardOutput = true };
        start.Environment["SECRET"] = secret;
        using var node = NodeProcess.Start(start)!;
        string printed = await node.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await node.WaitForExitAsync(TestContext.Current.CancellationToken);
        return printed.Trim();
    }
}
