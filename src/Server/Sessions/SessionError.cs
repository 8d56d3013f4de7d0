using Gateway.Protocol.Messages;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;

namespace Gateway.Server.Sessions;

/// <summary>The errors that a session answers with; a dialect adds those of reading its messages. Immutable.</summary>
internal static class SessionError
{
    public static readonly ProtocolError NoTokens = new(ErrorCode.BadRequest, "tokens are not used here: no key is configured");

    public static readonly ProtocolError SignInFirst = new(ErrorCode.Unauthorized, "sign in first: send auth with a token");

    public static readonly ProtocolError SignedInAlready = new(ErrorCode.BadRequest, "signed in already; send refresh with a new token");

    public static readonly ProtocolError SubscribedBeforeSigningIn = new(ErrorCode.BadRequest, "sign in before subscribing");

    public static readonly ProtocolError NotSignedIn = new(ErrorCode.BadRequest, "not signed in: send auth instead of refresh");

    public static readonly ProtocolError TokenExpired = new(
        ErrorCode.Unauthorized, $"token expired; the connection is closed unless it is refreshed within {ChannelSession.GraceSeconds} s");

    public static readonly ProtocolError Forbidden = new(ErrorCode.Forbidden, "not allowed in this channel");

    public static readonly ProtocolError NotSubscribed = new(ErrorCode.NotSubscribed, "not subscribed to this channel");

    public static readonly ProtocolError NoHistory = new(ErrorCode.HistoryUnavailable, "this channel keeps no history");

    public static readonly ProtocolError NoPresence = new(ErrorCode.BadRequest, "this channel has no presence");

    public static readonly ProtocolError Unavailable = new(ErrorCode.Unavailable, "the backplane is out of reach; nothing was done");

    public static readonly ProtocolError Unconfirmed = new(
        ErrorCode.Unconfirmed,
        "the backplane did not answer in time; "
            + "the message may have been published, and is published once if it is sent again with the same key");

    public static readonly ProtocolError RateLimited = new(ErrorCode.RateLimited, "too many messages or bytes; this one was not done");

    public static ProtocolError Of(TokenProblem problem) =>
        new(problem.IsOurs ? ErrorCode.Unavailable : ErrorCode.Unauthorized, problem.Message);

    /// <summary>For a token that is good, but for something else.</summary>
    public static ProtocolError NotFor(TokenProblem problem) => new(ErrorCode.Forbidden, problem.Message);

    /// <param name="outcome">What became of a message that was not accepted.</param>
    public static ProtocolError Of(PublishOutcome outcome) => outcome == PublishOutcome.Unconfirmed ? Unconfirmed : Unavailable;

    public static ProtocolError BadRequest(string message) => new(ErrorCode.BadRequest, message);

    public static ProtocolError TooManyChannels(int limit) => new(ErrorCode.LimitExceeded, $"at most {limit} channels per connection");
}
