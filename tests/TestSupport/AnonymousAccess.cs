namespace Gateway.TestSupport;

/// <summary>Settings of gateways behind a proxy, where development mode is refused: there is a key, but no token is needed.</summary>
public static class AnonymousAccess
{
    /// <summary>The key that signs tokens.</summary>
    public const string Secret = "a secret that is long enough for HMAC";

    /// <summary>The settings, without the leading <c>Gateway:</c>.</summary>
    public static IReadOnlyList<string> Settings { get; } =
    [
        "Development=false", "Auth:Secret=" + Secret, "Auth:Required=false", "Namespaces:default:Subscribe=anyone",
        "Namespaces:default:Publish=anyone",
    ];
}
