namespace Gateway.Server.Options;

/// <summary>What the backend can be asked before it is done, and told after it was.</summary>
[Flags]
internal enum HookEvents
{
    None = 0,
    Connect = 1 << 0,
    Subscribe = 1 << 1,
    Publish = 1 << 2,
    Connected = 1 << 3,
    Disconnected = 1 << 4,
    Subscribed = 1 << 5,
    Unsubscribed = 1 << 6,
    Occupied = 1 << 7,
    Vacated = 1 << 8,
    Online = 1 << 9,
    Offline = 1 << 10,

    /// <summary>Requests that the backend answers before the gateway goes on.</summary>
    Requests = Connect | Subscribe | Publish,

    /// <summary>Notifications about what has happened.</summary>
    Notifications = Connected | Disconnected | Subscribed | Unsubscribed | Channels | Users,

    /// <summary>What is told of channels, on all nodes taken together.</summary>
    Channels = Occupied | Vacated,

    /// <summary>What is told of users, on all nodes taken together.</summary>
    Users = Online | Offline,
}
