using Gateway.Protocol.Messages;
using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// What any client can do, in whatever language: sign in, subscribe, publish, read. It knows rights, limits, turns and the application. A
/// dialect reads the client's requests and gives them to the session as values; the session answers through <see cref="IClientReplies"/>.
/// </summary>
/// <remarks>
/// Used by its connection's read loop; <see cref="OnGap"/> and <see cref="OnClosing"/> by any thread, <see cref="OnTick"/> by the clock. A
/// request that has to wait for the backplane goes on on other threads, and the client's other requests beside it: see
/// <see cref="PendingRequests"/>.
/// </remarks>
internal sealed partial class ChannelSession
{
    private readonly InitialSubscriptions? _initial;
    private volatile Identity _identity;
    private ChannelName? _lastName;
    private uint _announcedExpiry;
    private bool _isConnected;
    private bool _isOnline;

    /// <param name="connection">The client's connection.</param>
    /// <param name="identity">The client, as far as it is known.</param>
    /// <param name="services">What all sessions share.</param>
    /// <param name="replies">Writes to the client.</param>
    /// <param name="initial">What a client asks for that cannot send; null for one that can.</param>
    public ChannelSession(
        Connection connection, Identity identity, SessionServices services, IClientReplies replies, InitialSubscriptions? initial = null)
    {
        Connection = connection;
        Services = services;
        Replies = replies;
        Subscriptions = new ClientSubscriptions(this);
        _identity = identity;
        _initial = initial;
    }

    public Connection Connection { get; }

    public SessionServices Services { get; }

    public IClientReplies Replies { get; }

    public ClientSubscriptions Subscriptions { get; }

    /// <summary>
    /// The client; another one after it has signed in, or has a new token. Without a name for an anonymous client that has not needed one.
    /// </summary>
    public Identity Identity
    {
        get => _identity;
        set
        {
            _identity = value;
            if (value.Expires is not null)
                Connection.Hasten();
        }
    }

    /// <summary>The client by its name. An anonymous one that needs it has an identity of its own from then on.</summary>
    public Identity NamedIdentity
    {
        get
        {
            var identity = _identity;
            var named = identity.Named(Connection.Id);
            // The client may sign in meanwhile, and then is somebody else.
            if (!ReferenceEquals(named, identity))
                Interlocked.CompareExchange(ref _identity, named, identity);
            return named;
        }
    }

    /// <summary>The client's user id. Made anew at each call for an anonymous client that has not needed it yet.</summary>
    public string User => _identity.Named(Connection.Id).User;

    /// <summary>Whether the client has yet to sign in, before it may do anything else.</summary>
    public bool MustSignIn => ReferenceEquals(_identity, Identity.Unauthenticated);

    /// <summary>Whether the client can send requests. One that cannot recovers by coming back.</summary>
    public bool CanAsk => _initial is null;

    public int MaxSubscriptions => Services.Options.Limits.ChannelsPerConnection;

    /// <summary>Answers a sign of life.</summary>
    public void Ping(ReadOnlySpan<byte> id) => Replies.Pong(id);

    /// <summary>Says that a request is over the rate limit and was not done.</summary>
    /// <param name="id">The request's id.</param>
    /// <param name="channel">The channel that it names; empty for none.</param>
    /// <param name="retryAfter">Milliseconds after which it would be done.</param>
    public void RefuseRate(ReadOnlySpan<byte> id, ReadOnlySpan<byte> channel, long retryAfter) =>
        Refuse(SessionError.RateLimited, id, channel, retryAfter);

    /// <summary>Answers with an error, and counts it.</summary>
    /// <param name="error">The error.</param>
    /// <param name="id">The request's id; empty for none.</param>
    /// <param name="channel">The channel as the client named it, in UTF-8; empty for none.</param>
    /// <param name="retryAfter">Milliseconds after which the request may be done; null where waiting does not help.</param>
    /// <param name="timing">When the answer leaves.</param>
    public void Refuse(
        ProtocolError error, ReadOnlySpan<byte> id, ReadOnlySpan<byte> channel, long? retryAfter = null,
        SendTiming timing = SendTiming.WithFlush)
    {
        Services.Metrics.Error(error.Code);
        // A name over the limit is not sent back: it may be as long as a message.
        Replies.Error(error, id, channel.Length <= Services.Options.Limits.ChannelName ? channel : default, retryAfter, timing);
    }

    /// <summary>
    /// The channel's name, made anew only when no client on this node is subscribed to it and this client named another one last.
    /// </summary>
    /// <param name="channel">The name in UTF-8.</param>
    /// <param name="problem">Why it is no name.</param>
    public ChannelName? NameOf(ReadOnlySpan<byte> channel, out string problem)
    {
        problem = "";
        // Requests that waited for their turn set it on other threads.
        if (_lastName is { } last && last.Is(channel))
            return last;
        var name = Services.Channels.Find(channel)?.Name ?? Services.Namespaces.TryName(channel, out problem);
        return name is null ? null : _lastName = name;
    }

    /// <summary>Whether the client has a right by itself.</summary>
    public bool IsAllowed(ChannelName channel, ChannelOperations operation) =>
        ChannelRights.IsAllowed(channel.Namespace.IsPersonal ? NamedIdentity : _identity, channel, operation);

    /// <summary>
    /// Whether the client may read history or presence. A subscription token lets its bearer read everything in the channel.
    /// </summary>
    public bool MayRead(ChannelName channel, ChannelOperations operation) =>
        IsAllowed(channel, operation) || Subscriptions.Find(channel.Utf8) is { IsByToken: true };

    public ValueTask<PresenceSnapshot?> ReadPresenceAsync(ChannelName channel) =>
        Services.Backplane.PresenceAsync(channel, Services.Options.Presence.MaxUsers);

    /// <summary>Ends a subscription that cannot go on without a gap. From any thread, without locks.</summary>
    public void OnGap(Subscription subscription)
    {
        if (!Subscriptions.End((ClientSubscription)subscription, dropQueued: true))
            return;
        Replies.Unsubscribed(subscription.Channel.Name, UnsubscribeReason.MessagesLost);
        if (!CanAsk)
            Connection.RequestClose(CloseRequest.MessagesLost);
    }

    /// <summary>The connection is over: leaves nothing behind.</summary>
    /// <param name="code">The code of the close frame; 1006 where there was none.</param>
    public void OnClosed(int code)
    {
        Subscriptions.Close();
        if (_isConnected)
            Services.ApplicationFor(Interests.Connections)?.OnDisconnected(Connection.Id.ToString(), User, code);
        if (_isOnline)
            Services.OnlineUsers!.Remove(_identity.User);
    }
}
