namespace Gateway.Protocol.Messages;

/// <summary>The values of <c>code</c> in an <c>unsubscribed</c> that the server sends unasked.</summary>
public static class UnsubscribeCode
{
    /// <summary>The subscription token has expired. The client may subscribe again with a newer one.</summary>
    public const string Expired = "expired";

    /// <summary>A refreshed token no longer allows the channel.</summary>
    public const string Forbidden = "forbidden";

    /// <summary>The subscription cannot go on without a gap. The client subscribes again with <c>recover</c>.</summary>
    public const string InsufficientState = "insufficient_state";

    /// <summary>The backend removed the subscription through the API. The client should not subscribe again by itself.</summary>
    public const string Removed = "removed";
}
