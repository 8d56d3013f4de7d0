namespace Gateway.Server.Application;

/// <summary>What an application wants to decide, and what it wants to hear of.</summary>
[Flags]
internal enum Interests
{
    None = 0,

    /// <summary>Decides whether a client may connect.</summary>
    Connect = 1 << 0,

    /// <summary>Decides whether a client may subscribe.</summary>
    Subscribe = 1 << 1,

    /// <summary>Decides whether a message is published, and with which content.</summary>
    Publish = 1 << 2,

    /// <summary>Hears of connections that opened or ended.</summary>
    Connections = 1 << 3,

    /// <summary>Hears of subscriptions that began or ended.</summary>
    Subscriptions = 1 << 4,
}
