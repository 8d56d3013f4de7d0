using Gateway.Protocol.WebSockets;
using Gateway.Server.Health;

namespace Gateway.Server.Auth;

/// <summary>Decides who a connection belongs to. Safe for any thread.</summary>
internal interface IAuthenticator : IHealthSource
{
    /// <summary>What the start screen says about who is let in.</summary>
    string Description { get; }

    /// <summary>What it warns of; null for nothing.</summary>
    string? Warning { get; }

    /// <summary>Why nobody can be let in at the moment; null when that is not so.</summary>
    string? Problem { get; }

    HealthReport IHealthSource.Health => new(Problem, Problem);

    /// <summary>Judges the tokens in messages; null where tokens are not used.</summary>
    TokenVerifier? Tokens { get; }

    /// <summary>Who the request says it is, before it is upgraded.</summary>
    ValueTask<SignIn> AuthenticateAsync(HandshakeRequest request);

    /// <summary>Who everybody without a token is: <see cref="Identity.Unauthenticated"/> where clients have to sign in first.</summary>
    Identity WithoutToken { get; }
}
