using System.Security.Cryptography;
using System.Text;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Signs requests as Standard Webhooks has it (https://www.standardwebhooks.com, "Signature scheme"), for which there are libraries in most
/// languages. Stateless.
/// </summary>
internal static class HookSignature
{
    public const string IdHeader = "webhook-id";

    public const string TimestampHeader = "webhook-timestamp";

    public const string SignatureHeader = "webhook-signature";

    /// <param name="key">The secret.</param>
    /// <param name="id">The request's id, the same for every attempt; without a dot, which separates.</param>
    /// <param name="timestamp">The time of this attempt, in Unix seconds, so that an old one cannot be sent again.</param>
    /// <param name="body">The request's body.</param>
    public static string Of(byte[] key, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hmac = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hmac.AppendData(Encoding.ASCII.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{id}.{timestamp}.")));
        hmac.AppendData(body);
        return "v1," + Convert.ToBase64String(hmac.GetHashAndReset());
    }
}
