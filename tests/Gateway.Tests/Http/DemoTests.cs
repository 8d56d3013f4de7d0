using System.Net;
using System.Text.RegularExpressions;
using Gateway.TestSupport;

namespace Gateway.Tests.Http;

/// <summary>The demo at <c>/demo</c>, served by the gateway. Its behaviour is tested in a browser, in <c>clients/demo</c>.</summary>
public sealed partial class DemoTests(SharedPort port) : IClassFixture<SharedPort>
{
    private static readonly HttpClient Http = new() { Timeout = Eventually.Limit };

    [Fact]
    public async Task The_page_and_all_it_names_are_served_as_what_they_are_under_a_strict_policy()
    {
        var page = await Http.GetAsync(At("/demo"));
        string html = await page.Content.ReadAsStringAsync();
        string[] parts = [.. Reference().Matches(html).Select(match => match.Groups[1].Value)];

        Assert.Equal(["/demo/icon.svg", "/demo/demo.js", "/demo/demo.css"], parts);
        AssertServed(page, "text/html");
        AssertServed(await Http.GetAsync(At("/demo/")), "text/html");
        AssertServed(await Http.GetAsync(At("/demo/demo.js")), "text/javascript");
        AssertServed(await Http.GetAsync(At("/demo/demo.css")), "text/css");
        AssertServed(await Http.GetAsync(At("/demo/icon.svg")), "image/svg+xml");
        AssertServed(await Http.GetAsync(At("/demo/licenses.md")), "text/plain");
    }

    [Fact]
    public async Task A_browser_that_has_the_page_gets_304()
    {
        var first = await Http.GetAsync(At("/demo/demo.js"));

        var again = new HttpRequestMessage(HttpMethod.Get, At("/demo/demo.js"));
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        var head = await Http.SendAsync(new HttpRequestMessage(HttpMethod.Head, At("/demo/demo.js")));

        Assert.Equal(HttpStatusCode.NotModified, (await Http.SendAsync(again)).StatusCode);
        Assert.Equal((first.Content.Headers.ContentLength, first.Headers.ETag), (head.Content.Headers.ContentLength, head.Headers.ETag));
        Assert.True(first.Headers.CacheControl!.NoCache);
    }

    [Theory]
    [InlineData("/demo/unknown")]
    [InlineData("/demo/index.html")]
    [InlineData("/demo/../Gateway.dll")]
    public async Task No_other_path_is_served(string path) =>
        Assert.Equal(HttpStatusCode.NotFound, (await Http.GetAsync(At(path))).StatusCode);

    [Fact]
    public async Task The_demo_is_on_the_public_port_alone() =>
        Assert.Equal(HttpStatusCode.NotFound, (await Http.GetAsync($"http://127.0.0.1:{port.Gateway.InternalPort}/demo")).StatusCode);

    [Fact]
    public async Task With_a_key_there_is_no_demo()
    {
        await using var gateway = await GatewayServer.StartAsync("Auth:Secret=a secret that is long enough for HMAC");

        foreach (string path in new[] { "/demo", "/demo/demo.js" })
            Assert.Equal(HttpStatusCode.NotFound, (await Http.GetAsync($"http://127.0.0.1:{gateway.PublicPort}{path}")).StatusCode);
    }

    private static void AssertServed(HttpResponseMessage answer, string type)
    {
        Assert.Equal((HttpStatusCode.OK, type), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
        string policy = Assert.Single(answer.Headers.GetValues("Content-Security-Policy"));
        Assert.StartsWith("default-src 'none'; script-src 'self'; ", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", Assert.Single(answer.Headers.GetValues("X-Content-Type-Options")));
        Assert.False(answer.Headers.ETag!.IsWeak);
    }

    private string At(string path) => $"http://127.0.0.1:{port.Gateway.PublicPort}{path}";

    [GeneratedRegex("(?:src|href)=\"([^\"]+)\"")]
    private static partial Regex Reference();
}
