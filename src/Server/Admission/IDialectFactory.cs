using Gateway.Server.Auth;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Sessions;

namespace Gateway.Server.Admission;

/// <summary>
/// A language that clients speak at a path of their own. Safe for any thread; every registered one is served, and
/// <see cref="AdmissionControl"/> decides who may speak it.
/// </summary>
internal interface IDialectFactory
{
    /// <summary>The path of its WebSockets, in ASCII.</summary>
    string Path { get; }

    /// <summary>The subprotocol it confirms, and the only one a client may ask for; null where it does not look at subprotocols.</summary>
    string? Subprotocol { get; }

    /// <summary>Whether its clients have a user. Of one whose clients have none, only addresses and connections are limited.</summary>
    bool SignsIn { get; }

    /// <summary>How messages look on its WebSockets.</summary>
    FrameEncoding Encoding { get; }

    /// <summary>Makes the dialect of one connection.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="identity">Its user, as far as known.</param>
    /// <param name="opening">What a client that cannot send asks for; null for one that can.</param>
    IDialect Open(Connection connection, Identity identity, InitialSubscriptions? opening);
}
