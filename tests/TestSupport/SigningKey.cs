using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>
/// Signs tokens with the platform's cryptography alone, so that the tests do not trust the library that the gateway trusts. Immutable.
/// </summary>
public sealed class SigningKey
{
    private readonly Func<byte[], byte[]> _sign;
    private readonly string? _jwk;

    private SigningKey(string algorithm, string? id, Func<byte[], byte[]> sign, string? jwk = null)
    {
        (Algorithm, Id, _sign, _jwk) = (algorithm, id, sign, jwk);
    }

    public string Algorithm { get; }

    public string? Id { get; }

    /// <summary>The public key as one entry of a JWKS.</summary>
    public string Jwk => _jwk ?? throw new InvalidOperationException("a secret is not published");

    /// <summary>HS256, HS384 or HS512.</summary>
    public static SigningKey OfSecret(string secret, string algorithm = "HS256", string? id = null) =>
        OfSecret(Encoding.UTF8.GetBytes(secret), algorithm, id);

    public static SigningKey OfSecret(byte[] secret, string algorithm = "HS256", string? id = null) =>
        new(algorithm, id, data => algorithm switch
    {
        "HS256" => HMACSHA256.HashData(secret, data),
        "HS384" => HMACSHA384.HashData(secret, data),
        _ => HMACSHA512.HashData(secret, data),
    });

    /// <summary>A new key for RS256 … PS512.</summary>
    public static SigningKey OfRsa(string algorithm, string? id, int bits = 2048)
    {
        var rsa = RSA.Create(bits);
        var padding = algorithm[0] == 'P' ? RSASignaturePadding.Pss : RSASignaturePadding.Pkcs1;
        var open = rsa.ExportParameters(includePrivateParameters: false);
        return new SigningKey(algorithm, id, data => rsa.SignData(data, HashOf(algorithm), padding),
            Entry(id, ("kty", "RSA"), ("n", Encode(open.Modulus!)), ("e", Encode(open.Exponent!))));
    }

    /// <summary>A new key for ES256, ES384 or ES512.</summary>
    public static SigningKey OfCurve(string algorithm, string? id)
    {
        var (curve, name) = algorithm switch
        {
            "ES256" => (ECCurve.NamedCurves.nistP256, "P-256"),
            "ES384" => (ECCurve.NamedCurves.nistP384, "P-384"),
            _ => (ECCurve.NamedCurves.nistP521, "P-521"),
        };
        var ecdsa = ECDsa.Create(curve);
        var point = ecdsa.ExportParameters(includePrivateParameters: false).Q;
        return new SigningKey(algorithm, id, data => ecdsa.SignData(data, HashOf(algorithm)),
            Entry(id, ("kty", "EC"), ("crv", name), ("x", Encode(point.X!)), ("y", Encode(point.Y!))));
    }

    public static string Jwks(params SigningKey[] keys) => $$"""{"keys":[{{string.Join(',', keys.Select(key => key.Jwk))}}]}""";

    /// <param name="claims">The payload, a JSON object.</param>
    /// <param name="algorithm">What the header says; null for the key's own.</param>
    public string Sign(string claims, string? algorithm = null)
    {
        string header = Id is null
            ? $$"""{"alg":"{{algorithm ?? Algorithm}}","typ":"JWT"}"""
            : $$"""{"alg":"{{algorithm ?? Algorithm}}","kid":"{{Id}}"}""";
        string signed = $"{Encode(Encoding.UTF8.GetBytes(header))}.{Encode(Encoding.UTF8.GetBytes(claims))}";
        return $"{signed}.{Encode(_sign(Encoding.ASCII.GetBytes(signed)))}";
    }

    /// <summary>A token for a user.</summary>
    /// <param name="user">Its <c>sub</c>.</param>
    /// <param name="expires">Its <c>exp</c>; null for none.</param>
    /// <param name="more">Further claims, each with a leading comma.</param>
    public string Token(string user, DateTimeOffset? expires = null, string more = "") => Sign(string.Create(
        CultureInfo.InvariantCulture,
        $$"""{"sub":{{JsonSerializer.Serialize(user)}}{{(expires is { } at ? $",\"exp\":{at.ToUnixTimeSeconds()}" : "")}}{{more}}}"""));

    public static string Encode(byte[] bytes) => Base64Url.EncodeToString(bytes);

    private static HashAlgorithmName HashOf(string algorithm) => new("SHA" + algorithm[2..]);

    private static string Entry(string? id, params (string Name, string Value)[] members)
    {
        var all = id is null ? members : [("kid", id), .. members];
        return $"{{{string.Join(',', all.Select(member => $"\"{member.Name}\":\"{member.Value}\""))}}}";
    }
}
