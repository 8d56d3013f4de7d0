using Gateway.Protocol.WebSockets;

namespace Gateway.Auth;

/// <summary>Safe for any thread. Says who a connection is, before it is upgraded.</summary>
internal interface IAuthenticator
{
    /// <summary>What the start screen says about who is let in.</summary>
    string Description { get; }

    /// <summary>What it warns of; null for nothing.</summary>
    string? Warning { get; }

    /// <param name="request">The upgrade request.</param>
    /// <param name="connection">The id of the connection to be.</param>
    Identity Authenticate(UpgradeRequest request, string connection);
}
