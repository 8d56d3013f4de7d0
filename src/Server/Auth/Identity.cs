using Gateway.Protocol.Messages;

namespace Gateway.Server.Auth;

/// <summary>The user of a connection, and what the user may do. Immutable.</summary>
/// <param name="user">The user id.</param>
/// <param name="info">The raw JSON object shown to others in presence; empty for none.</param>
internal sealed class Identity(string user, ReadOnlyMemory<byte> info = default)
{
    /// <summary>Who has not signed in yet where that is required: nothing but that is answered.</summary>
    public static readonly Identity Unauthenticated = new("");

    private const string AnonymousPrefix = "anonymous-";

    private Utf8Text _sender;

    public string User { get; } = user;

    public ReadOnlyMemory<byte> Info { get; } = info;

    /// <summary>Whether a token says so; in development mode everybody counts as signed in.</summary>
    public bool IsSignedIn { get; private init; }

    public Capabilities Capabilities { get; private init; } = Capabilities.None;

    /// <summary>When the token expires, in Unix seconds; null if it does not.</summary>
    public long? Expires { get; private init; }

    /// <summary>Channels the connection is subscribed to when it opens.</summary>
    public IReadOnlyList<string> Subscriptions { get; private init; } = [];

    /// <summary>The user id as messages have it; made when the first message is published, for most connections never publish.</summary>
    public Utf8Text Sender => _sender.IsEmpty ? _sender = Utf8Text.Of(User) : _sender;

    public PresentUser Present => new(User, Info);

    /// <summary>Whether the name stands for nobody but one connection.</summary>
    public bool IsAnonymous(string connection) =>
        User.StartsWith(AnonymousPrefix, StringComparison.Ordinal) && User.AsSpan(AnonymousPrefix.Length).SequenceEqual(connection);

    /// <summary>Somebody without a token.</summary>
    public static Identity Anonymous(string connection) => new(AnonymousPrefix + connection);

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
