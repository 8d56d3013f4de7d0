using System.Text;
using Gateway.Server.Auth;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting.Settings;

/// <summary>Reads <c>Gateway:Auth</c>. For one thread, at start. No problem it tells of shows a secret.</summary>
internal static class AuthOptionsReader
{
    public static AuthOptions Read(SettingsReader settings, AuthOptions defaults)
    {
        byte[]? secret = settings.Text("Auth:Secret") is { } text ? Encoding.UTF8.GetBytes(text) : null;
        if (secret is { Length: < AuthOptions.MinSecretBytes })
            settings.Problem("Auth:Secret", $"must have at least {AuthOptions.MinSecretBytes} bytes");
        var options = new AuthOptions
        {
            Secret = secret,
            Jwks = settings.Text("Auth:Jwks"),
            Issuer = settings.Text("Auth:Issuer"),
            Audience = settings.Text("Auth:Audience"),
            Timeout = settings.Time("Auth:Timeout", defaults.Timeout, TimeSpan.FromMilliseconds(10), TimeSpan.FromDays(1)),
            Cookie = settings.Text("Auth:Cookie"),
        };
        CheckJwks(settings, options);
        return options with { Required = settings.Flag("Auth:Required", options.HasKey) };
    }

    public static void CheckTogether(SettingsReader settings, GatewayOptions options)
    {
        if (!options.Auth.HasKey && !options.Development)
        {
            settings.Problem("Auth:Secret",
                "no key for tokens is configured, so nobody could sign in: set Gateway:Auth:Secret or Gateway:Auth:Jwks; or, to try the " +
                "gateway on this machine alone, --Gateway:Development=true lets everybody in");
        }
        if (options.Auth.Required && !options.Auth.HasKey)
            settings.Problem("Auth:Required", "tokens can't be required without a key: set Auth:Secret or Auth:Jwks");
        if (options.Auth.Cookie is not null && !options.Auth.HasKey)
            settings.Problem("Auth:Cookie", "a token in a cookie can't be checked without a key: set Auth:Secret or Auth:Jwks");
        if (options.Auth.Cookie is not null && options.Origins.Count == 0)
            settings.Problem("Origins", "must be set with Auth:Cookie: otherwise any page could connect as the user who looks at it");
        foreach (string origin in options.Origins)
        {
            if (!AllowedOrigins.IsValid(origin))
                settings.Problem("Origins", $"'{origin}' must look like https://example.com or https://*.example.com");
        }
    }

    /// <summary>A URL may answer later; a file that can't be used now is a mistake.</summary>
    private static void CheckJwks(SettingsReader settings, AuthOptions options)
    {
        if (options.Jwks is null || options.JwksUrl is not null)
            return;
        try
        {
            if (!VerificationKey.TryReadAll(File.ReadAllText(options.Jwks), out _, out string problem))
                settings.Problem("Auth:Jwks", $"the file '{options.Jwks}' {problem}");
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            settings.Problem("Auth:Jwks", $"'{options.Jwks}' is neither an http or https URL nor a file that can be read");
        }
    }
}
