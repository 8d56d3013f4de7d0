using System.Net;
using System.Text.RegularExpressions;
using Gateway.TestSupport;

namespace Gateway.Tests.OperatorPage;

/// <summary>The files of the operator's page, and the headers they are served with.</summary>
public sealed partial class ConsoleFilesTests
{
    private static readonly HttpClient Http = new(new SocketsHttpHandler { AllowAutoRedirect = false });

    [Fact]
    public async Task Everything_comes_from_the_gateway_and_no_script_or_style_stands_in_the_page()
    {
        await using var server = await GatewayServer.StartAsync();
        string page = await Http.GetStringAsync(Address(server.InternalPort, "/console/"));
        Assert.DoesNotMatch(@"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", page);

        var seen = new HashSet<string>();
        var waiting = new Queue<string>(References().Matches(page).Select(match => match.Groups[1].Value));
        while (waiting.TryDequeue(out string? file))
        {
            if (!seen.Add(file))
                continue;
            string text = await Http.GetStringAsync(Address(server.InternalPort, "/console/" + file));
            Assert.DoesNotMatch("https?://(?!www.w3.org/)", text);
            Assert.DoesNotMatch("innerHTML|outerHTML|insertAdjacentHTML|document.write|eval\\(", text);
            foreach (Match import in Imports().Matches(text))
                waiting.Enqueue(import.Groups[1].Value);
        }
        var sources = Directory.EnumerateFiles(Path.Combine(Repository.Root, "src/Gateway/Console")).Select(Path.GetFileName)
            .Except(["index.html"]);
        Assert.Equal(sources.Order(), seen.Order());
    }

    [Theory]
    [InlineData("/console/", "text/html; charset=utf-8")]
    [InlineData("/console/main.js", "text/javascript; charset=utf-8")]
    [InlineData("/console/page.css", "text/css; charset=utf-8")]
    [InlineData("/console/icon.svg", "image/svg+xml")]
    public async Task Files_have_their_type_a_strict_policy_and_are_sent_again_only_when_they_have_changed(string path, string type)
    {
        await using var server = await GatewayServer.StartAsync("Api:Keys=key");
        using var reply = await Http.GetAsync(Address(server.InternalPort, path));

        Assert.Equal(type, reply.Content.Headers.ContentType!.ToString());
        Assert.StartsWith("default-src 'self';", reply.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        Assert.Equal("nosniff", reply.Headers.GetValues("X-Content-Type-Options").Single());
        using var again = new HttpRequestMessage(HttpMethod.Get, Address(server.InternalPort, path));
        again.Headers.IfNoneMatch.Add(reply.Headers.ETag!);
        using var unchanged = await Http.SendAsync(again);
        Assert.Equal((HttpStatusCode.NotModified, 0), (unchanged.StatusCode, (await unchanged.Content.ReadAsByteArrayAsync()).Length));
        using var head = await Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, Address(server.InternalPort, path)));
        Assert.Equal((HttpStatusCode.OK, reply.Content.Headers.ContentLength), (head.StatusCode, head.Content.Headers.ContentLength));
    }

    [Fact]
    public async Task The_address_without_a_slash_leads_to_the_page_and_the_public_port_has_none()
    {
        await using var server = await GatewayServer.StartAsync();
        using var reply = await Http.GetAsync(Address(server.InternalPort, "/console"));
        Assert.Equal((HttpStatusCode.Found, "console/"), (reply.StatusCode, reply.Headers.Location!.OriginalString));
        foreach (string path in new[] { "/console", "/console/", "/console/main.js" })
        {
            using var nothing = await Http.GetAsync(Address(server.PublicPort, path));
            Assert.Equal(HttpStatusCode.NotFound, nothing.StatusCode);
        }
    }

    private static Uri Address(int port, string path) => new($"http://127.0.0.1:{port}{path}");

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex References();

    [GeneratedRegex(@"from '\./([^']+)'")]
    private static partial Regex Imports();
}
