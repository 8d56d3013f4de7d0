using Microsoft.Playwright;

namespace Gateway.Tests.OperatorPage;

/// <summary>One headless Chromium for all tests of a class; each opens pages that share nothing.</summary>
public sealed class ChromiumBrowser : IAsyncLifetime
{
    /// <summary>The path of Debian's package.</summary>
    private const string Executable = "/usr/bin/chromium";

    private IPlaywright _playwright = null!;
    private IBrowser _browser = null!;

    public async ValueTask InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        // Chromium's sandbox does not run as root.
        _browser = await _playwright.Chromium.LaunchAsync(
            new BrowserTypeLaunchOptions { ExecutablePath = Executable, Args = ["--no-sandbox"] });
    }

    public async Task<ConsoleWindow> OpenAsync(int internalPort, ColorScheme scheme = ColorScheme.Light, int width = 1360, int height = 900)
    {
        var page = await _browser.NewPageAsync(
            new BrowserNewPageOptions { ColorScheme = scheme, ViewportSize = new ViewportSize { Width = width, Height = height } });
        return await ConsoleWindow.OpenAsync(page, internalPort);
    }

    /// <summary>A blank page, for a test's own script.</summary>
    public Task<IPage> BlankAsync() => _browser.NewPageAsync(new BrowserNewPageOptions { IgnoreHTTPSErrors = true });

    public async ValueTask DisposeAsync()
    {
        await _browser.DisposeAsync();
        _playwright.Dispose();
    }
}
