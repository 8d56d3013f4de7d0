using System.Buffers.Text;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;

namespace Gateway.CommandLine;

/// <summary>
/// <c>gateway token</c>: signs a token for trying things out, with the secret of the same settings that the gateway runs with. Stateless.
/// The claims are those of docs/security.md.
/// </summary>
internal static class TokenCommand
{
    private static readonly string[] Operations = ["subscribe", "publish", "presence", "history"];

    private static readonly Option<string> User = new("--user") { Description = "The user's id", Required = true };

    private static readonly Option<string[]> Channel = new("--channel")
    {
        Description = "What the user may do where, as 'chat:*=subscribe,publish'; may be given again",
        Validators = { CheckChannels },
    };

    private static readonly Option<string[]> Subscription = new("--subscription")
    {
        Description = "A channel to be subscribed to on connecting; may be given again",
    };

    private static readonly Option<TimeSpan> Expires = new("--expires")
    {
        Description = "How long the token is valid, as 90s, 15m, 1h or 7d",
        DefaultValueFactory = _ => TimeSpan.FromHours(1),
        CustomParser = ReadTime,
    };

    public static Command Create(Arguments arguments)
    {
        var command = new Command("token", "Sign a token with Gateway:Auth:Secret, to try things out")
        {
            User, Channel, Subscription, Expires,
        };
        command.SetAction(parsed => Run(parsed, arguments));
        return command;
    }

    /// <exception cref="OptionsProblemsException">There is no secret, or the settings of signing in cannot be used.</exception>
    private static int Run(ParseResult parsed, Arguments arguments)
    {
        var settings = new SettingsReader(GatewayHost.CreateBuilder([.. arguments.Settings]).Configuration.GetSection("Gateway"));
        settings.Problems.AddRange(SettingNames.Mistakes(arguments.Keys));
        var auth = AuthOptionsReader.Read(settings, new AuthOptions());
        if (auth.Secret is null)
            settings.Problem(
                "Auth:Secret", "is not set, and a token is signed with it; tokens for Auth:Jwks come from whoever has the private key");
        if (settings.Problems.Count > 0)
            throw new OptionsProblemsException(settings.Problems);
        var expires = DateTimeOffset.UtcNow + parsed.GetValue(Expires);
        var claims = Claims(parsed, auth, expires);
        if (!Console.IsOutputRedirected)
        {
            string end = expires.ToString("u", CultureInfo.InvariantCulture);
            Console.Error.WriteLine($"WARNING: whoever sees this terminal, or its scroll-back, can be {claims["sub"]} until {end}.");
        }
        Console.Out.WriteLine(Sign(claims, auth.Secret!));
        return 0;
    }

    private static JsonObject Claims(ParseResult parsed, AuthOptions auth, DateTimeOffset expires)
    {
        var claims = new JsonObject { ["sub"] = parsed.GetValue(User), ["exp"] = expires.ToUnixTimeSeconds() };
        if (auth.Issuer is not null)
            claims["iss"] = auth.Issuer;
        if (auth.Audience is not null)
            claims["aud"] = auth.Audience;
        var channels = new JsonObject();
        foreach (var (pattern, operations) in (parsed.GetValue(Channel) ?? []).Select(Split))
            channels[pattern] = new JsonArray([.. operations.Select(operation => JsonValue.Create(operation))]);
        if (channels.Count > 0)
            claims["channels"] = channels;
        if (parsed.GetValue(Subscription) is { Length: > 0 } subscriptions)
            claims["subscriptions"] = new JsonArray([.. subscriptions.Select(name => JsonValue.Create(name))]);
        return claims;
    }

    /// <summary>RFC 7515, by HS256.</summary>
    private static string Sign(JsonObject claims, byte[] secret)
    {
        string head = Base64Url.EncodeToString("""{"alg":"HS256","typ":"JWT"}"""u8);
        string signed = $"{head}.{Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(claims))}";
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(secret, Encoding.ASCII.GetBytes(signed)))}";
    }

    private static void CheckChannels(OptionResult option)
    {
        foreach (string text in option.Tokens.Select(token => token.Value))
        {
            var (pattern, operations) = Split(text);
            if (pattern.Length == 0 || operations.Length == 0)
                option.AddError($"--channel '{text}' must look like 'chat:*=subscribe,publish'.");
            foreach (string operation in operations.Except(Operations))
            {
                string hint = SettingNames.Nearest(operation, Operations) is { } nearest ? $"; the nearest is '{nearest}'" : "";
                option.AddError($"--channel '{text}': there is no right '{operation}'{hint}. There are {string.Join(", ", Operations)}.");
            }
        }
    }

    /// <summary>The last equals sign: a channel's name may have one.</summary>
    private static (string Pattern, string[] Operations) Split(string text)
    {
        int mark = text.LastIndexOf('=');
        if (mark < 0)
            return ("", []);
        return (text[..mark], text[(mark + 1)..].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries));
    }

    private static TimeSpan ReadTime(ArgumentResult argument)
    {
        string text = argument.Tokens[0].Value;
        double unit = text[^1] switch { 's' => 1, 'm' => 60, 'h' => 3_600, 'd' => 86_400, _ => 0 };
        bool isNumber = int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out int number);
        if (unit > 0 && isNumber && number is > 0 and <= 100_000)
            return TimeSpan.FromSeconds(number * unit);
        argument.AddError($"--expires '{text}' must look like 90s, 15m, 1h or 7d.");
        return default;
    }
}
