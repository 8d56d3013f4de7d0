using System.Text.RegularExpressions;
using Gateway.Server.Auth;
using Gateway.TestSupport;
using Gateway.Tests.Api;
using Gateway.Tests.Sessions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using static Gateway.Tests.OperatorPage.ConsoleWindow;

namespace Gateway.Tests.OperatorPage;

/// <summary>The operator's page as an operator sees and uses it, in a real browser.</summary>
public sealed class OperatorPageTests(ChromiumBrowser browser) : IClassFixture<ChromiumBrowser>
{
    private const string Markup = "<img/src=x/onerror=alert(1)>";

    [Fact]
    public async Task A_test_message_arrives_shows_in_its_channel_and_moves_the_counters()
    {
        await using var server = await StartAsync("Namespaces:chat:History=100", "Namespaces:chat:Presence=true");
        await using var ann = await JsonClient.ConnectAsync(server, "?user=ann");
        await ann.SubscribeAsync("chat:room-7");
        await using var stream = await SseClient.ConnectAsync(server.PublicPort, "channel=chat:room-7");
        await using var console = await browser.OpenAsync(server.InternalPort, ColorScheme.Dark);
        await console.LiveAsync();
        await ShowsAsync(console.Tile("connections"), "2");
        await ShowsAsync(console.Page.Locator("[data-tile='connections']"), "1 WebSocket · 1 SSE");
        await ShowsAsync(console.Tile("delivered"), "0/s");

        await console.Page.GetByLabel("Channel", new() { Exact = true }).FillAsync("chat:room-7");
        await console.Page.GetByLabel("Content, any JSON").FillAsync("""{"text":"hello","amount":12345678901234567890.10}""");
        await console.Page.GetByText("Sender and idempotency key").ClickAsync();
        await console.Page.GetByLabel("Sender", new() { Exact = true }).FillAsync("operator");
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Publish" }).ClickAsync();
        await ShowsAsync(console.Page.Locator("#publish .result"), "Published to chat:room-7 at seq 1");

        var message = await ann.ReceiveUntilAsync(received => received.Text("type") == "message");
        Assert.Equal(
            ("operator", """{"text":"hello","amount":12345678901234567890.10}"""), (message.Text("sender"), message.Raw("content")));
        // The counter shows a rate, and one message leaves it after a second.
        for (int i = 0; await console.Tile("delivered").TextContentAsync() is "0/s" or "–" && i < 3_000; i++)
        {
            await ann.PublishAsync("chat:room-7", $$"""{"beat":{{i}}}""");
            await ann.ReceiveUntilAsync(received => received.Text("type") == "message");
        }
        Assert.Matches(@"^[\d.,k]+/s$", await console.Tile("delivered").TextContentAsync());
        Assert.NotEqual("", await console.Page.Locator("#charts path.line").First.GetAttributeAsync("d"));

        await console.Channel("chat:room-7").ClickAsync();
        await ShowsAsync(console.Drawer.Locator(".message-list"), "beat");
        await ann.PublishAsync("chat:room-7", """{"text":"as it comes"}""");
        await ShowsAsync(console.Drawer.Locator(".message-list li").First, "as it comes");
        await ShowsAsync(console.Drawer.Locator(".users"), "ann");
        await console.PictureAsync("console-channel", whole: false);
        await console.Page.Keyboard.PressAsync("Escape");
        await IsVisibleAsync(console.Drawer, visible: false);
        await console.PictureAsync("console-dark");
    }

    [Fact]
    public async Task Attachments_are_shown_by_their_size_and_can_be_saved()
    {
        await using var server = await StartAsync("Namespaces:chat:History=100");
        await using var ann = await JsonClient.ConnectAsync(server, "?user=ann");
        await ann.SubscribeAsync("chat:room/7");
        byte[] picture = [0x89, .. "PNG\r\n"u8, 0x1A, .. "\n"u8, .. new byte[2_992]];
        await ann.SendBytesAsync(AttachedMessage.Of("chat:room/7", "", picture, []));
        await using var console = await browser.OpenAsync(server.InternalPort);

        await console.Channel("chat:room/7").ClickAsync();
        var attachments = console.Drawer.Locator(".attachments button");
        await ShowsAsync(attachments.First, "2.93 KB");
        await ShowsAsync(attachments.Last, "0 B");
        await IsVisibleAsync(console.Drawer.Locator(".message-list .json"), visible: false);

        var saved = await console.Page.RunAndWaitForDownloadAsync(() => attachments.First.ClickAsync());
        Assert.Equal("chat-room-7-1-1.png", saved.SuggestedFilename);
        await using var file = await saved.CreateReadStreamAsync();
        using var bytes = new MemoryStream();
        await file.CopyToAsync(bytes);
        Assert.Equal(picture, bytes.ToArray());
    }

    [Fact]
    public async Task Names_and_messages_of_clients_are_never_markup()
    {
        await using var server = await StartAsync("Namespaces:default:History=10", "Namespaces:default:Presence=true");
        await using var client = await JsonClient.ConnectAsync(server, "?user=" + Uri.EscapeDataString(Markup));
        await client.SubscribeAsync(Markup);
        await client.PublishAsync(Markup, $$"""{"{{Markup}}":["{{Markup}}",1e400,true,null,{}]}""");
        await using var console = await browser.OpenAsync(server.InternalPort);

        await console.Channel(Markup).ClickAsync();
        foreach (string place in new[] { "h2", ".sender", ".json-member", ".json-text", ".user" })
            await ShowsAsync(console.Drawer.Locator(place).First, Markup);
        await ShowsAsync(console.Drawer.Locator(".json-number"), "1e400");
        Assert.Equal(0, await console.Page.Locator("img[src='x']").CountAsync());
    }

    [Fact]
    public async Task With_keys_it_asks_for_one_keeps_it_in_the_tab_and_never_puts_it_into_an_address()
    {
        await using var server = await StartAsync("Api:Keys=secret-key");
        await using var console = await browser.OpenAsync(server.InternalPort);
        var (field, go) = (console.Page.GetByLabel("API key"), console.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" }));

        await field.FillAsync("guess");
        await go.ClickAsync();
        await ShowsAsync(console.Page.Locator("#sign-in-problem"), "none of the keys");
        await field.FillAsync("secret-key");
        await go.ClickAsync();
        await console.LiveAsync();
        await console.Page.ReloadAsync();
        await console.LiveAsync();
        Assert.Equal("secret-key", await console.Page.EvaluateAsync<string>("sessionStorage['gateway-key']"));
        Assert.DoesNotContain(
            "secret-key",
            await console.Page.EvaluateAsync<string>("JSON.stringify(localStorage) + document.cookie + location"),
            StringComparison.Ordinal);
        Assert.DoesNotContain(console.Requests, address => address.Contains("secret-key", StringComparison.Ordinal));

        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Forget key" }).ClickAsync();
        await IsVisibleAsync(field);
        Assert.Null(await console.Page.EvaluateAsync<string?>("sessionStorage['gateway-key'] ?? null"));
    }

    [Fact]
    public async Task The_page_says_that_the_gateway_is_away_and_comes_back_with_it()
    {
        string port = "Internal=http://127.0.0.1:" + LoopbackPorts.Next();
        var first = await StartAsync(port);
        await using var console = await browser.OpenAsync(first.InternalPort);
        await console.LiveAsync();
        await first.DisposeAsync();
        await ShowsAsync(console.Status, "Unreachable");
        await IsVisibleAsync(console.Page.Locator("#problem"));

        await using var second = await StartAsync(port);
        await using var client = await JsonClient.ConnectAsync(second);
        await console.LiveAsync();
        await IsVisibleAsync(console.Page.Locator("#problem"), visible: false);
        await ShowsAsync(console.Tile("connections"), "1");
    }

    [Fact]
    public async Task A_hidden_page_sends_no_requests()
    {
        await using var server = await StartAsync();
        var page = await browser.BlankAsync();
        await page.Clock.InstallAsync();
        await using var console = await ConsoleWindow.OpenAsync(page, server.InternalPort);
        await console.LiveAsync();
        await SetHiddenAsync("true");
        // The request that was due is sent; the page's clock then goes on by as long as sixty more would take.
        await page.Clock.RunForAsync(1_000);
        await page.WaitForLoadStateAsync(LoadState.NetworkIdle);
        int before = console.Requests.Count;
        await page.Clock.RunForAsync(60_000);
        Assert.Equal(before, console.Requests.Count);

        await SetHiddenAsync("false");
        await Eventually.TrueAsync(() => console.Requests.Count > before, "it asks again");

        Task SetHiddenAsync(string hidden) => console.Page.EvaluateAsync(
            $"Object.defineProperty(document, 'hidden', {{ value: {hidden}, configurable: true }}); " +
            "document.dispatchEvent(new Event('visibilitychange'))");
    }

    [Fact]
    public async Task Refusals_and_slow_consumers_are_listed_as_they_happen()
    {
        await using var server = await StartAsync("Limits:OutboundBytes=65536");
        await using var console = await browser.OpenAsync(server.InternalPort);
        await ShowsAsync(console.Page.Locator("#refusals"), "Nobody was refused");
        await ShowsAsync(console.Page.Locator("#slow"), "Everybody keeps up");
        await using var publisher = await JsonClient.ConnectAsync(server, "?user=publisher");
        await using var healthy = await JsonClient.ConnectAsync(server);
        await healthy.SubscribeAsync("a");
        await using var stalled = await Stalled.StartAsync(server, "a");

        for (int i = 0; i < 3; i++)
        {
            await using var refused = await RawWebSocket.ConnectTcpAsync(server.PublicPort);
            await refused.SendTextAsync(RawWebSocket.UpgradeRequest("/ws", "Sec-WebSocket-Protocol: another"));
            await refused.ReadHeadAsync();
        }
        await stalled.EndureAsync(publisher, healthy, ["a"], messages: 600, bytes: 10_000, limit: 65_536);

        await ShowsAsync(console.Page.Locator("#refusals"), "none of the offered subprotocols is supported");
        await ShowsAsync(console.Page.Locator("#refusals"), "3 times");
        await ShowsAsync(console.Page.Locator("#slow li"), "disconnect");
        await ShowsAsync(console.Page.Locator("#slow"), stalled.Connection.Id.ToString());
    }

    [Fact]
    public async Task Channels_are_found_by_how_they_begin_and_turned_page_by_page()
    {
        await using var server = await StartAsync();
        await using var client = await JsonClient.ConnectAsync(server);
        for (int i = 0; i < 25; i++)
            await client.SubscribeAsync($"chat:{i:00}");
        await client.SubscribeAsync("news");
        await using var console = await browser.OpenAsync(server.InternalPort);
        var (rows, next) = (console.Page.Locator("#channels button"), console.Page.GetByRole(AriaRole.Button, new() { Name = "Next" }));

        await ShowsAsync(rows.First, "chat:00");
        await next.ClickAsync();
        await ShowsAsync(rows.First, "chat:10");
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Back" }).ClickAsync();
        await ShowsAsync(rows.First, "chat:00");
        await console.Page.Keyboard.PressAsync("/");
        await console.Page.Keyboard.TypeAsync("ne");
        await ShowsAsync(rows.First, "news");
        Assert.Equal(1, await rows.CountAsync());
        await console.Page.Keyboard.TypeAsync("x");
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Open it anyway" }).ClickAsync();
        await ShowsAsync(console.Drawer.Locator("h2"), "nex");
        await ShowsAsync(console.Drawer.Locator(".messages"), "Nothing is kept");
    }

    [Theory]
    [InlineData(390)]
    [InlineData(820)]
    public async Task The_page_fits_a_phone_and_a_tablet_and_a_chosen_theme_lasts(int width)
    {
        await using var server = await StartAsync("Namespaces:default:History=10");
        await using var client = await JsonClient.ConnectAsync(server);
        await client.SubscribeAsync("a-channel-with-a-very-long-name-" + new string('x', 200));
        await using var console = await browser.OpenAsync(server.InternalPort, ColorScheme.Dark, width, height: 844);
        await console.LiveAsync();
        await console.Page.GetByRole(AriaRole.Button, new() { Name = "Switch between light and dark" }).ClickAsync();
        await console.Page.ReloadAsync();
        await console.LiveAsync();

        Assert.Equal("rgb(246, 247, 249)", await console.Page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await console.Channel("a-channel").ClickAsync();
        await IsVisibleAsync(console.Drawer);
        Assert.Equal(width, await console.Page.EvaluateAsync<int>("document.documentElement.scrollWidth"));
        Assert.True(await console.Drawer.EvaluateAsync<bool>("drawer => drawer.scrollWidth <= innerWidth"));
        await console.Drawer.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await console.PictureAsync($"console-light-{width}");
    }

    [Fact]
    public async Task The_table_of_nodes_says_what_serves_the_sockets_and_what_event_loops_do()
    {
        await using var sockets = await StartAsync("Transport:Kind=sockets");
        await using var loops = await StartAsync("Transport:Kind=epoll", "Transport:Loops=2");
        // What posts and events there are comes from clients.
        await using var client = await JsonClient.ConnectAsync(loops);
        await using var first = await browser.OpenAsync(sockets.InternalPort);
        await using var second = await browser.OpenAsync(loops.InternalPort);

        await ShowsAsync(first.Page.Locator("#nodes"), "sockets");
        await ShowsAsync(second.Page.Locator("#nodes"), "2 loops");
        await client.SendAsync("""{"type":"ping","id":1}""");
        await Assertions.Expect(second.Page.Locator("#nodes"))
            .ToContainTextAsync(new Regex(@"2 loops · [\d.]+ events a turn · [\d.]+/s posts · longest [\d.]+ (µs|ms|s)"));
    }

    private static Task<GatewayServer> StartAsync(params string[] settings) =>
        GatewayServer.StartAsync(settings, services => services.AddSingleton<IAuthenticator, QueryAuthenticator>());
}
