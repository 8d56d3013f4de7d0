namespace Gateway.Hooks;

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

    Asked = Connect | Subscribe | Publish,
    Told = Connected | Disconnected | Subscribed | Unsubscribed | Occupied | Vacated,
}
