namespace Gateway.Load.Dialects;

/// <summary>A message without a content of this program, in the words of the gateway's protocol. Immutable.</summary>
/// <param name="Type">Its type.</param>
internal sealed record ServerMessage(string Type)
{
    public const string Connected = "connected";
    public const string Subscribed = "subscribed";
    public const string Error = "error";

    /// <summary>A field of <c>connected</c>.</summary>
    public string? User { get; init; }

    /// <summary>A field of <c>subscribed</c>, <c>unsubscribed</c> and others.</summary>
    public string? Channel { get; init; }

    /// <summary>A field of <c>subscribed</c>.</summary>
    public string? Epoch { get; init; }

    /// <summary>A field of <c>subscribed</c>.</summary>
    public long Seq { get; init; }

    /// <summary>A field of <c>subscribed</c>.</summary>
    public bool IsRecovered { get; init; }

    /// <summary>The users of a <c>presence</c>: those of a snapshot, and those who joined.</summary>
    public IReadOnlyList<string> Joined { get; init; } = [];

    /// <summary>A field of <c>presence</c>.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    /// <summary>A field of <c>error</c>, <c>unsubscribed</c> and <c>disconnect</c>.</summary>
    public string Reason { get; init; } = "";
}
