namespace Gateway.Server.Options;

/// <summary><c>Gateway:Limits</c>: how much one client may make the node hold. Immutable.</summary>
internal sealed record LimitsOptions
{
    /// <summary>Largest message a client may send, in bytes. Default 65,536. Over it: close 1009.</summary>
    public int MessageBytes { get; init; } = 65_536;

    /// <summary>Bytes queued for one connection before its namespaces' slow-consumer policy applies. Default 1,048,576.</summary>
    public int OutboundBytes { get; init; } = 1_048_576;

    /// <summary>Channels one connection may be subscribed to. Default 128. Over it: error <c>limit_exceeded</c>.</summary>
    public int ChannelsPerConnection { get; init; } = 128;

    /// <summary>Longest channel name in bytes of UTF-8. Default 255. Over it: error <c>bad_request</c>.</summary>
    public int ChannelName { get; init; } = 255;

    /// <summary>Messages one connection may send a second, on average. Default 100; 0: no limit.</summary>
    public long MessagesPerSecond { get; init; } = 100;

    /// <summary>Messages it may send at once. Default 200.</summary>
    public long MessageBurst { get; init; } = 200;

    /// <summary>Bytes one connection may send a second, on average. Default 1,048,576; 0: no limit.</summary>
    public long BytesPerSecond { get; init; } = 1_048_576;

    /// <summary>Bytes it may send at once. Default 2,097,152, and at least <see cref="MessageBytes"/>.</summary>
    public long ByteBurst { get; init; } = 2_097_152;

    /// <summary>The consequence for messages over the rate. Default <see cref="RateAction.Reject"/>.</summary>
    public RateAction RateAction { get; init; } = RateAction.Reject;

    /// <summary>WebSockets and streams of the node. Default 20,000; 0: as many as files may be open. Over it: 503.</summary>
    public int Connections { get; init; } = 20_000;

    /// <summary>WebSockets and streams from one address. Default 500; 0: no limit. Over it: 429.</summary>
    public int ConnectionsPerAddress { get; init; } = 500;

    /// <summary>WebSockets and streams of one user. Default 100; 0: no limit. Over it: 429, or close 1013.</summary>
    public int ConnectionsPerUser { get; init; } = 100;

    /// <summary>Upgrades and streams that one address may ask for a second. Default 100; 0: no limit. Over it: 429.</summary>
    public int HandshakesPerSecondPerAddress { get; init; } = 100;

    /// <summary>Accepted sockets of one address on the public port. Default 1,000; 0: no limit. Over it the socket is closed.</summary>
    public int SocketsPerAddress { get; init; } = 1_000;

    /// <summary>Time for the whole request head. Default 10 s. After it the connection is aborted.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a plain HTTP connection of the public port may be without a request. Default 20 s. After it: closed.</summary>
    public TimeSpan IdleHttp { get; init; } = TimeSpan.FromSeconds(20);
}
