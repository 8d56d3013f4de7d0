using System.Text;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting.Settings;

/// <summary>Reads <c>Gateway:Hooks</c>. For one thread, at start. No problem it tells of shows the secret.</summary>
internal static class HooksOptionsReader
{
    /// <summary>As the libraries of Standard Webhooks write a key: base64 follows.</summary>
    private const string Base64Prefix = "whsec_";

    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(10);

    public static HooksOptions Read(SettingsReader settings)
    {
        var defaults = new HooksOptions();
        var options = new HooksOptions
        {
            Url = ReadUrl(settings),
            Key = ReadKey(settings),
            Events = ReadEvents(settings, defaults.Events),
            Timeout = settings.Time("Hooks:Timeout", defaults.Timeout, Shortest, TimeSpan.FromMinutes(1)),
            FailOpen = settings.Flag("Hooks:FailOpen", defaults.FailOpen),
            DeliveryTimeout = settings.Time("Hooks:DeliveryTimeout", defaults.DeliveryTimeout, Shortest, TimeSpan.FromMinutes(10)),
            RetryFor = settings.Time("Hooks:RetryFor", defaults.RetryFor, TimeSpan.Zero, TimeSpan.FromDays(7)),
            QueuedEvents = settings.Integer("Hooks:QueuedEvents", defaults.QueuedEvents, 100, 10_000_000),
        };
        if (settings.Text("Hooks:Url") is null && (settings.Text("Hooks:Secret") is not null || settings.List("Hooks:Events").Count > 0))
            settings.Problem("Hooks:Url", "is missing, but there is a secret, or are events, for it");
        if (options.Url is not null && settings.Text("Hooks:Secret") is null)
            settings.Problem("Hooks:Secret", "is missing: without it the backend could not tell who asks");
        return options;
    }

    private static Uri? ReadUrl(SettingsReader settings)
    {
        if (settings.Text("Hooks:Url") is not { } text)
            return null;
        if (Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https" && url.UserInfo.Length == 0)
            return url;
        // It may hold a password, so it is not shown.
        settings.Problem("Hooks:Url", "must be an http or https URL without a user and a password");
        return null;
    }

    private static byte[] ReadKey(SettingsReader settings)
    {
        if (settings.Text("Hooks:Secret") is not { } text)
            return [];
        byte[] key = Encoding.UTF8.GetBytes(text);
        if (text.StartsWith(Base64Prefix, StringComparison.Ordinal))
        {
            key = new byte[text.Length];
            if (!Convert.TryFromBase64String(text[Base64Prefix.Length..], key, out int length))
                settings.Problem("Hooks:Secret", $"must be base64 behind {Base64Prefix}");
            else if (length < HooksOptions.MinKeyBytes)
                settings.Problem("Hooks:Secret", $"must have at least {HooksOptions.MinKeyBytes} bytes");
            return key[..length];
        }
        if (key.Length < HooksOptions.MinKeyBytes)
            settings.Problem("Hooks:Secret", $"must have at least {HooksOptions.MinKeyBytes} bytes");
        return key;
    }

    private static HookEvents ReadEvents(SettingsReader settings, HookEvents fallback)
    {
        var events = HookEvents.None;
        foreach (string name in settings.List("Hooks:Events"))
        {
            if (HookNames.Find(name) is { } found)
                events |= found;
            else
                settings.Problem("Hooks:Events", $"'{name}' must be one of {string.Join(", ", HookNames.All)}");
        }
        return events == HookEvents.None ? fallback : events;
    }
}
