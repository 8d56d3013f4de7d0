namespace Gateway.Options;

/// <summary>Immutable. <c>Gateway:Limits</c>: what one client may make the node hold.</summary>
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

    /// <summary>Time for the whole request head. Default 10 s. After it the connection is cut.</summary>
    public TimeSpan Handshake { get; init; } = TimeSpan.FromSeconds(10);
}
