using Gateway.Protocol.Messages;

namespace Gateway.Server.Sessions;

/// <summary>Why the gateway ends a subscription. Immutable.</summary>
/// <param name="Code">One of <see cref="UnsubscribeCode"/>, for programs.</param>
/// <param name="Message">A sentence for people.</param>
internal readonly record struct UnsubscribeReason(string Code, string Message)
{
    public static readonly UnsubscribeReason MessagesLost =
        new(UnsubscribeCode.InsufficientState, "messages were lost; subscribe again with recover");

    public static readonly UnsubscribeReason TokenExpired =
        new(UnsubscribeCode.Expired, "the token for this channel has expired; subscribe again with a new one");

    public static readonly UnsubscribeReason NotAllowed = new(UnsubscribeCode.Forbidden, "the new token does not allow this channel");

    /// <summary>Whether the client may recover from the position it has: the subscription did not end for good.</summary>
    public bool KeepsPosition => Code == UnsubscribeCode.InsufficientState;

    /// <param name="reason">The API's words; null for none.</param>
    public static UnsubscribeReason Removed(string? reason) => new(UnsubscribeCode.Removed, reason ?? "unsubscribed by the API");
}
