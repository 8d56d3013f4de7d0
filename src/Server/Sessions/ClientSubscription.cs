using Gateway.Server.Application;
using Gateway.Server.Auth;
using Gateway.Server.Channels;

namespace Gateway.Server.Sessions;

/// <summary>
/// One client's subscription: to what its channel and writer know of it, the session adds its right, its presence and what the application
/// has heard.
/// </summary>
internal sealed class ClientSubscription(Channel channel, ISubscriber subscriber) : Subscription(channel, subscriber)
{
    /// <summary>An <see cref="Expires"/> that never comes.</summary>
    public const long Unlimited = uint.MaxValue;

    // Four bytes do until 2106, and every subscription has them.
    private uint _expires = uint.MaxValue;
    private bool _isPresent;
    private NotificationState _notification;

    /// <summary>Whether a subscription token gives the right to it. Written by what has the channel's turn.</summary>
    public bool IsByToken { get; set; }

    /// <summary>When that token expires, in Unix seconds. Written under the lock of the client's subscriptions.</summary>
    public long Expires
    {
        get => _expires;
        set => _expires = (uint)Math.Clamp(value, 0, Unlimited);
    }

    /// <summary>Whether the client sees who is in the channel. A subscription token lets its bearer read everything in it.</summary>
    public bool MaySeePresence(ChannelSession session) =>
        IsByToken || session.IsAllowed(Channel.Name, ChannelOperations.Presence);

    /// <summary>Tells the application that the subscription began, unless the end has come first.</summary>
    public void NotifyBegan(IApplication application, ChannelSession session)
    {
        // A gap, the clock or a new token may be ending the subscription at the same time. The lock keeps the two events in order.
        lock (this)
        {
            if (_notification == NotificationState.Ended)
                return;
            _notification = NotificationState.Notified;
            application.OnSubscribed(session.Connection.Id.ToString(), session.User, Channel.Name);
        }
    }

    /// <summary>Tells the application that the subscription ended, if it has heard of the beginning.</summary>
    /// <param name="application">Null where it does not want to hear.</param>
    /// <param name="session">The client's session.</param>
    /// <returns>Whether the user was counted in the channel's presence.</returns>
    public bool NotifyEnded(IApplication? application, ChannelSession session)
    {
        lock (this)
        {
            if (_notification == NotificationState.Notified)
                application?.OnUnsubscribed(session.Connection.Id.ToString(), session.User, Channel.Name);
            _notification = NotificationState.Ended;
            return _isPresent;
        }
    }

    /// <summary>Notes that the user has joined the channel's presence.</summary>
    /// <returns>False when the subscription has ended meanwhile: it did not know that there would be something to leave.</returns>
    public bool TryMarkPresent()
    {
        lock (this)
            return _isPresent = _notification != NotificationState.Ended;
    }
}
