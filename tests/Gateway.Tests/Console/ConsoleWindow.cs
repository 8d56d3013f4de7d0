using System.Collections.Concurrent;
using Gateway.TestSupport;
using Microsoft.Playwright;

namespace Gateway.Tests.OperatorPage;

/// <summary>
/// The operator's page in a real browser. Any complaint of a script or of the content security policy fails the test. For one thread.
/// </summary>
public sealed class ConsoleWindow : IAsyncDisposable
{
    /// <summary>The longest wait of an assertion. Only a failing test waits so long, also on a busy machine.</summary>
    private const float Longest = 30_000;

    private readonly ConcurrentQueue<string> _complaints = new();
    private readonly ConcurrentQueue<string> _requests = new();

    private ConsoleWindow(IPage page)
    {
        Page = page;
        page.SetDefaultTimeout(Longest);
        page.PageError += (_, error) => _complaints.Enqueue(error);
        page.Console += (_, message) =>
        {
            // Some tests are about answers that are errors or do not come.
            if (message.Type is "error" or "warning" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
                _complaints.Enqueue(message.Text);
        };
        page.Dialog += (_, dialog) =>
        {
            _complaints.Enqueue("dialog: " + dialog.Message);
            _ = dialog.DismissAsync();
        };
        page.Request += (_, request) => _requests.Enqueue(request.Url);
    }

    public IPage Page { get; }

    /// <summary>The addresses of all requests so far.</summary>
    public IReadOnlyCollection<string> Requests => _requests;

    public ILocator Status => Page.Locator("#status");

    public ILocator Drawer => Page.Locator("#channel");

    /// <summary>Opens the page at the internal port's address, so that what follows from the address is tested too.</summary>
    internal static async Task<ConsoleWindow> OpenAsync(IPage page, int internalPort)
    {
        var opened = new ConsoleWindow(page);
        await page.GotoAsync($"http://127.0.0.1:{internalPort}/console");
        return opened;
    }

    /// <summary>The large figure of a tile.</summary>
    public ILocator Tile(string name) => Page.Locator($"[data-tile='{name}'] .tile-value");

    public ILocator Channel(string name) => Page.Locator("#channels button").Filter(new LocatorFilterOptions { HasText = name });

    public static async Task ShowsAsync(ILocator element, string text) =>
        await Assertions.Expect(element).ToContainTextAsync(text, new LocatorAssertionsToContainTextOptions { Timeout = Longest });

    public static async Task IsVisibleAsync(ILocator element, bool visible = true) =>
        await Assertions.Expect(element).ToBeVisibleAsync(
            new LocatorAssertionsToBeVisibleOptions { Visible = visible, Timeout = Longest });

    public Task LiveAsync() => ShowsAsync(Status, "Live");

    /// <summary>Takes a screenshot into artifacts/, for people to look at.</summary>
    public async Task PictureAsync(string name, bool whole = true)
    {
        if (whole)
            await Page.EvaluateAsync("scrollTo(0, 0)");
        await Page.ScreenshotAsync(
            new PageScreenshotOptions { Path = Path.Combine(Repository.Root, "artifacts", name + ".png"), FullPage = whole });
    }

    public async ValueTask DisposeAsync()
    {
        await Page.CloseAsync();
        Assert.Empty(_complaints);
    }
}
