namespace Gateway.Server.Options;

/// <summary><c>Gateway:Api</c>: who may use the HTTP API, and how much at a time. Immutable.</summary>
internal sealed record ApiOptions
{
    /// <summary>Keys accepted as <c>Authorization: Bearer …</c>. Default empty: only callers on this machine.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>Largest request body in bytes. Default 1,048,576. Over it: HTTP 413.</summary>
    public int BodyBytes { get; init; } = 1_048_576;
}
