namespace Gateway.Load.Dialects;

/// <summary>A message that carries no content of ours, in the words of the gateway's protocol. Immutable.</summary>
/// <param name="Type">Its type.</param>
internal sealed record ServerMessage(string Type)
{
    public const string Connected = "connected";
    public const string Subscribed = "subscribed";
    public const string Error = "error";

    /// <summary>Of <c>connected</c>.</summary>
    public string? User { get; init; }

    /// <summary>Of <c>subscribed</c>.</summary>
    public string? Epoch { get; init; }

    /// <summary>Of <c>subscribed</c>.</summary>
    public long Seq { get; init; }

    /// <summary>Of <c>subscribed</c>.</summary>
    public bool IsRecovered { get; init; }

    /// <summary>Of <c>presence</c>; a snapshot's users too.</summary>
    public IReadOnlyList<string> Joined { get; init; } = [];

    /// <summary>Of <c>presence</c>.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    /// <summary>Of <c>error</c>, <c>unsubscribed</c> and <c>disconnect</c>.</summary>
    public string Reason { get; init; } = "";
}
