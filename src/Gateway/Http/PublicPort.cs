namespace Gateway.Http;

/// <summary>Immutable. A feature of HTTP requests that came in by the public port: WebSockets are served there alone.</summary>
internal sealed class PublicPort
{
    public static readonly PublicPort Mark = new();
}
