using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Gateway.Server.Auth;

/// <summary>What a token says, as far as it means something here; see docs/protocol.md, "Signing in". Immutable.</summary>
internal sealed record TokenClaims
{
    /// <summary>So that the name of the user's own channel, <c>user:</c> and the id, is within the default length of names.</summary>
    public const int MaxUserBytes = 250;

    /// <summary>Info stands inside a message, which clients read up to 64 levels deep.</summary>
    private static readonly JsonDocumentOptions Shallow = new() { MaxDepth = 32 };

    /// <summary><c>sub</c>.</summary>
    public required string User { get; init; }

    /// <summary><c>exp</c>, in Unix seconds; a fraction is dropped.</summary>
    public long? Expires { get; private init; }

    /// <summary><c>nbf</c>, likewise.</summary>
    public long? NotBefore { get; private init; }

    /// <summary><c>info</c>, the raw JSON object; empty for none.</summary>
    public ReadOnlyMemory<byte> Info { get; private init; }

    public Capabilities Capabilities { get; private init; } = Capabilities.None;

    public IReadOnlyList<string> Subscriptions { get; private init; } = [];

    /// <summary><c>channel</c>: the token is for subscribing to this one.</summary>
    public string? Channel { get; private init; }

    /// <summary>
    /// Reads a payload, which is believed by now. What is unknown is passed over, what is malformed is refused: an issuer wants to know.
    /// </summary>
    public static TokenClaims? TryRead(ReadOnlyMemory<byte> payload, out TokenProblem? problem)
    {
        problem = TokenProblem.Malformed;
        // Info is passed on as it is, and must be text.
        if (!Utf8.IsValid(payload.Span))
            return null;
        try
        {
            using var document = JsonDocument.Parse(payload, Shallow);
            if (document.RootElement.ValueKind == JsonValueKind.Object)
                return Read(document.RootElement, out problem);
        }
        catch (JsonException)
        {
            // Not JSON.
        }
        catch (InvalidOperationException)
        {
            // A string with half a surrogate pair.
        }
        return null;
    }

    private static TokenClaims? Read(JsonElement claims, out TokenProblem? problem)
    {
        problem = null;
        if (Text(claims, "sub") is not { Length: > 0 } user || Encoding.UTF8.GetByteCount(user) > MaxUserBytes)
            problem = TokenProblem.Claim("sub", $"a string of 1 to {MaxUserBytes} bytes");
        else if (!TryTime(claims, "exp", out long? expires))
            problem = TokenProblem.Claim("exp", "a number of seconds");
        else if (!TryTime(claims, "nbf", out long? notBefore))
            problem = TokenProblem.Claim("nbf", "a number of seconds");
        else if (claims.TryGetProperty("info", out var info) && info.ValueKind != JsonValueKind.Object)
            problem = TokenProblem.Claim("info", "an object");
        else if (claims.TryGetProperty("channel", out var channel) && channel.ValueKind != JsonValueKind.String)
            problem = TokenProblem.Claim("channel", "a string");
        else if (ReadChannels(claims) is not { } channels)
            problem = TokenProblem.Claim("channels", "an object of arrays of strings");
        else if (ReadStrings(claims, "subscriptions") is not { } subscriptions)
            problem = TokenProblem.Claim("subscriptions", "an array of strings");
        else
        {
            return new TokenClaims
            {
                User = user,
                Expires = expires,
                NotBefore = notBefore,
                Info = info.ValueKind == JsonValueKind.Object ? Encoding.UTF8.GetBytes(info.GetRawText()) : default,
                Channel = channel.ValueKind == JsonValueKind.String ? channel.GetString() : null,
                Capabilities = new Capabilities(channels, subscriptions),
                Subscriptions = subscriptions,
            };
        }
        return null;
    }

    private static string? Text(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>
    /// RFC 7519 section 2, NumericDate. Beyond the year 9999 a date is as good as none, but the sum with a grace must not overflow.
    /// </summary>
    private static bool TryTime(JsonElement claims, string name, out long? seconds)
    {
        seconds = null;
        if (!claims.TryGetProperty(name, out var value))
            return true;
        if (value.ValueKind != JsonValueKind.Number || !value.TryGetDouble(out double number))
            return false;
        seconds = (long)Math.Clamp(number, 0, DateTimeOffset.MaxValue.ToUnixTimeSeconds());
        return true;
    }

    private static List<(string Pattern, ChannelOperations ChannelOperations)>? ReadChannels(JsonElement claims)
    {
        if (!claims.TryGetProperty("channels", out var channels))
            return [];
        if (channels.ValueKind != JsonValueKind.Object)
            return null;
        var read = new List<(string, ChannelOperations)>();
        foreach (var pattern in channels.EnumerateObject())
        {
            if (Strings(pattern.Value) is not { } names)
                return null;
            read.Add((pattern.Name, names.Aggregate(ChannelOperations.None, (rights, name) => rights | RightOf(name))));
        }
        return read;
    }

    /// <summary>A right that is not known is none: newer issuers may name more.</summary>
    private static ChannelOperations RightOf(string name) => name switch
    {
        "subscribe" => ChannelOperations.Subscribe,
        "publish" => ChannelOperations.Publish,
        "presence" => ChannelOperations.Presence,
        "history" => ChannelOperations.History,
        _ => ChannelOperations.None,
    };

    private static List<string>? ReadStrings(JsonElement claims, string name) =>
        claims.TryGetProperty(name, out var value) ? Strings(value) : [];

    private static List<string>? Strings(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.Array || value.EnumerateArray().Any(item => item.ValueKind != JsonValueKind.String))
            return null;
        return [.. value.EnumerateArray().Select(item => item.GetString()!)];
    }
}
