using Microsoft.Extensions.Configuration;

namespace Gateway.Tests.Options;

internal static class Settings
{
    public const string Key = "Auth:Secret=a secret that is long enough for HMAC";

    /// <summary>Settings with development mode, so that no key is needed.</summary>
    /// <param name="settings">As <c>Limits:MessageBytes=1024</c>.</param>
    public static IConfiguration Of(params string[] settings) => Alone(["Development=true", .. settings]);

    /// <summary>Settings with a key for tokens and without development mode.</summary>
    public static IConfiguration WithKey(params string[] settings) => Alone([Key, .. settings]);

    /// <summary>Exactly the given settings.</summary>
    public static IConfiguration Alone(params string[] settings) =>
        new ConfigurationBuilder().AddCommandLine([.. settings.Select(setting => "--Gateway:" + setting)]).Build();
}
