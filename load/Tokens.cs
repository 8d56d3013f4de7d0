using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gateway.Load;

/// <summary>
/// What clients sign in with: one token for all, tokens of their own made with the gateway's secret, or none. From the environment, since
/// everybody on a machine sees its command lines. Immutable, safe for any thread.
/// </summary>
internal sealed class Tokens(string? token, string? secret)
{
    public static Tokens FromEnvironment() =>
        new(Environment.GetEnvironmentVariable("GATEWAY_LOAD_TOKEN"), Environment.GetEnvironmentVariable("GATEWAY_LOAD_SECRET"));

    /// <summary>The token of one client, whose user is <c>load-7</c>; null for none.</summary>
    /// <param name="client">Its number.</param>
    /// <param name="space">The namespace it may do everything in.</param>
    public string? For(int client, string space)
    {
        if (string.IsNullOrEmpty(secret))
            return string.IsNullOrEmpty(token) ? null : token;
        long expires = DateTimeOffset.UtcNow.AddDays(1).ToUnixTimeSeconds();
        string pattern = JsonSerializer.Serialize(space == "default" ? "*" : space + ":*");
        string channels = $$"""{{{pattern}}:["subscribe","publish","presence","history"]}""";
        string claims = string.Create(
            CultureInfo.InvariantCulture, $$$"""{"sub":"load-{{{client}}}","exp":{{{expires}}},"channels":{{{channels}}}}""");
        string signed = $"{Encode("""{"alg":"HS256","typ":"JWT"}""")}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(HMACSHA256.HashData(Encoding.UTF8.GetBytes(secret), Encoding.ASCII.GetBytes(signed)))}";
    }

    private static string Encode(string json) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(json));
}
