using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using Microsoft.IdentityModel.Tokens;

namespace Gateway.Server.Auth;

/// <summary>A public key and the algorithms it is for: a key is never used for those of another kind. Immutable.</summary>
/// <param name="Key">The key.</param>
/// <param name="Id">Its <c>kid</c>; null for none.</param>
/// <param name="Algorithms">What tokens signed with it may name.</param>
internal sealed record VerificationKey(SecurityKey Key, string? Id, IReadOnlyList<string> Algorithms)
{
    /// <summary>RFC 7518 section 3.3.</summary>
    private const int MinRsaBits = 2048;

    private static readonly string[] RsaAlgorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

    /// <summary>Reads a JWKS (RFC 7517). Keys for encryption, symmetric keys and those of kinds unknown here are passed over.</summary>
    public static bool TryReadAll(string jwks, [NotNullWhen(true)] out IReadOnlyList<VerificationKey>? keys, out string problem)
    {
        keys = null;
        problem = "";
        try
        {
            keys = [.. new JsonWebKeySet(jwks).Keys.Select(TryRead).OfType<VerificationKey>()];
        }
        catch (Exception failure)
        {
            // The exceptions of the library, a JSON parser and the system's cryptography, of which no list is given.
            problem = $"is no JWKS ({failure.GetType().Name})";
        }
        if (keys is { Count: 0 })
            problem = "holds no public key of a kind that signs tokens: RSA of 2048 bits or more, P-256, P-384 or P-521";
        return problem.Length == 0;
    }

    private static VerificationKey? TryRead(JsonWebKey key)
    {
        if (!string.IsNullOrEmpty(key.Use) && key.Use != "sig")
            return null;
        var found = key.Kty switch
        {
            "RSA" => OfRsa(key),
            "EC" => OfCurve(key),
            _ => null,
        };
        return found is null || string.IsNullOrEmpty(key.Alg)
            ? found
            : found with { Algorithms = [.. found.Algorithms.Where(name => name == key.Alg)] };
    }

    private static VerificationKey? OfRsa(JsonWebKey key)
    {
        byte[] modulus = Base64UrlEncoder.DecodeBytes(key.N);
        var parameters = new RSAParameters { Modulus = modulus, Exponent = Base64UrlEncoder.DecodeBytes(key.E) };
        return modulus.Length * 8 < MinRsaBits ? null : new VerificationKey(new RsaSecurityKey(parameters), IdOf(key), RsaAlgorithms);
    }

    private static VerificationKey? OfCurve(JsonWebKey key)
    {
        (ECCurve Curve, string Algorithm)? known = key.Crv switch
        {
            "P-256" => (ECCurve.NamedCurves.nistP256, "ES256"),
            "P-384" => (ECCurve.NamedCurves.nistP384, "ES384"),
            "P-521" => (ECCurve.NamedCurves.nistP521, "ES512"),
            _ => null,
        };
        if (known is not var (curve, algorithm))
            return null;
        var point = new ECPoint { X = Base64UrlEncoder.DecodeBytes(key.X), Y = Base64UrlEncoder.DecodeBytes(key.Y) };
        return new VerificationKey(
            new ECDsaSecurityKey(ECDsa.Create(new ECParameters { Curve = curve, Q = point })), IdOf(key), [algorithm]);
    }

    private static string? IdOf(JsonWebKey key) => string.IsNullOrEmpty(key.Kid) ? null : key.Kid;
}
