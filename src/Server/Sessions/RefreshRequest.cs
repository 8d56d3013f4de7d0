using Gateway.Server.Auth;

namespace Gateway.Server.Sessions;

/// <summary>
/// A client's wish to replace its token before that expires. A token that will not do changes nothing: the one before holds until it
/// expires.
/// </summary>
internal static class RefreshRequest
{
    public static ValueTask RunAsync(ChannelSession session, string token, byte[] id)
    {
        if (session.MustSignIn)
            session.Refuse(SessionError.SignInFirst, id, channel: default);
        else if (session.Services.Authenticator.Tokens is not { } tokens)
            session.Refuse(SessionError.NoTokens, id, channel: default);
        else if (!session.Identity.IsSignedIn)
            session.Refuse(SessionError.NotSignedIn, id, channel: default);
        else
            return VerifyAsync(session, tokens, token, id);
        return default;
    }

    private static async ValueTask VerifyAsync(ChannelSession session, TokenVerifier tokens, string token, byte[] id)
    {
        var (claims, problem) = await tokens.VerifyAsync(token).ConfigureAwait(false);
        if (problem is null && claims!.User != session.User)
            problem = TokenProblem.AnotherUser;
        if (problem is not null)
        {
            session.Refuse(SessionError.Of(problem), id, channel: default);
            return;
        }
        session.Identity = Identity.Of(claims!);
        session.Replies.Refreshed(id, session.Identity.Expires);
        session.Subscriptions.Revoke();
    }
}
