namespace Gateway.Server.Listening.EventLoop;

/// <summary>What epoll reports of a descriptor, and how it is to report.</summary>
[Flags]
internal enum ReadyEvents : uint
{
    None = 0,
    Readable = 0x1,
    Writable = 0x4,
    Failed = 0x8,

    /// <summary>Both sides have ended.</summary>
    HungUp = 0x10,

    /// <summary>The peer has ended its side. What it sent before may still be unread.</summary>
    PeerEnded = 0x2000,

    /// <summary>One of the loops that wait for the same descriptor is woken, not all.</summary>
    Exclusive = 1u << 28,

    /// <summary>An event is reported once, when it comes about, and not for as long as it lasts.</summary>
    EdgeTriggered = 1u << 31,

    /// <summary>How a connection is registered, once for its whole life.</summary>
    Connection = Readable | Writable | PeerEnded | EdgeTriggered,
}
