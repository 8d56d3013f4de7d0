using Gateway.Server.Auth;
using Gateway.Server.Connections;

namespace Gateway.Server.Sessions;

/// <summary>A client's wish to sign in on its open connection. Lives as long as the request.</summary>
internal sealed class SignInRequest(ChannelSession session, string token, byte[] id)
{
    /// <param name="before">Completes when the client's earlier requests are done.</param>
    public async ValueTask RunAsync(ValueTask before)
    {
        await before.ConfigureAwait(false);
        if (session.Services.Authenticator.Tokens is not { } tokens)
            session.Refuse(SessionError.NoTokens, id, channel: default);
        else if (session.Identity.IsSignedIn)
            session.Refuse(SessionError.SignedInAlready, id, channel: default);
        else if (session.Subscriptions.Count > 0)
            session.Refuse(SessionError.SubscribedBeforeSigningIn, id, channel: default);
        else
            await VerifyAsync(tokens).ConfigureAwait(false);
    }

    private async ValueTask VerifyAsync(TokenVerifier tokens)
    {
        var (claims, problem) = await tokens.VerifyAsync(token).ConfigureAwait(false);
        if (problem is not null)
        {
            session.Refuse(SessionError.Of(problem), id, channel: default);
            session.Connection.RequestClose(problem.IsOurs ? CloseRequest.KeysMissing : CloseRequest.BadToken(problem.Message));
            return;
        }
        if (!await session.Connection.Lease.IdentifyAsync(claims!.User).ConfigureAwait(false))
        {
            session.Connection.RequestClose(CloseRequest.TooManyConnections);
            return;
        }
        if (await IsAllowedAsync(claims.User).ConfigureAwait(false))
            await session.WelcomeAsync(Identity.Of(claims)).ConfigureAwait(false);
    }

    /// <summary>Asks the application whether the user may connect, where it wants to decide.</summary>
    /// <returns>False when the user may not: the client is told, and the connection about to close.</returns>
    private async ValueTask<bool> IsAllowedAsync(string user)
    {
        var decision = await session.DecideConnectAsync(user).ConfigureAwait(false);
        if (decision.Denial is not { } denial)
            return true;
        session.Refuse(denial, id, channel: default);
        session.Connection.RequestClose(CloseRequest.Denied(denial));
        return false;
    }
}
