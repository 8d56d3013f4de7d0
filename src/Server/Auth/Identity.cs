using Gateway.Protocol.Messages;
using Gateway.Server.Naming;

namespace Gateway.Server.Auth;

/// <summary>The user of a connection, and what the user may do. Immutable.</summary>
/// <param name="user">The user id.</param>
/// <param name="info">The raw JSON object shown to others in presence; empty for none.</param>
internal sealed class Identity(string user, ReadOnlyMemory<byte> info = default)
{
    /// <summary>Who has not signed in yet where that is required: nothing but that is answered.</summary>
    public static readonly Identity Unauthenticated = new("");

    /// <summary>Everybody without a token, where none is required. One for all, until <see cref="Named"/> asks for a name.</summary>
    public static readonly Identity Anonymous = new("") { IsAnonymous = true };

    /// <summary>Everybody in development mode, who may do what anybody may.</summary>
    public static readonly Identity UnrestrictedAnonymous =
        new("") { IsAnonymous = true, IsSignedIn = true, Capabilities = Capabilities.All };

    // Four bytes do until 2106.
    private readonly uint _expires = uint.MaxValue;
    private Utf8Text _sender;

    public string User { get; } = user;

    /// <summary>Whether this is no user of its own: each connection has a name, which says no more than that it is another.</summary>
    public bool IsAnonymous { get; private init; }

    public ReadOnlyMemory<byte> Info { get; } = info;

    /// <summary>Whether a token says so; in development mode everybody counts as signed in.</summary>
    public bool IsSignedIn { get; private init; }

    public Capabilities Capabilities { get; private init; } = Capabilities.None;

    /// <summary>When the token expires, in Unix seconds; null if it does not.</summary>
    public long? Expires
    {
        get => _expires == uint.MaxValue ? null : _expires;
        private init => _expires = (uint)Math.Clamp(value ?? uint.MaxValue, 0, uint.MaxValue);
    }

    /// <summary>Channels the connection is subscribed to when it opens.</summary>
    public IReadOnlyList<string> Subscriptions { get; private init; } = [];

    /// <summary>The user id as messages have it; made when the first message is published, for most connections never publish.</summary>
    public Utf8Text Sender => _sender.IsEmpty ? _sender = Utf8Text.Of(User) : _sender;

    /// <summary>The identity with the name that a connection gives to it where it has none.</summary>
    public Identity Named(ConnectionId connection) => !IsAnonymous || User.Length > 0
        ? this
        : new(connection.AnonymousUser) { IsAnonymous = true, IsSignedIn = IsSignedIn, Capabilities = Capabilities };

    /// <summary>Somebody who may do what anybody may: development mode.</summary>
    public static Identity Unrestricted(string user, ReadOnlyMemory<byte> info = default) =>
        new(user, info) { IsSignedIn = true, Capabilities = Capabilities.All };

    /// <summary>Whom a valid token speaks of.</summary>
    public static Identity Of(TokenClaims claims) => new(claims.User, claims.Info)
    {
        IsSignedIn = true,
        Capabilities = claims.Capabilities,
        Expires = claims.Expires,
        Subscriptions = claims.Subscriptions,
    };
}
