namespace Gateway.Server.Options;

/// <summary><c>Gateway:Heartbeat</c>: when a silent connection is pinged, and when it is closed. Immutable.</summary>
internal sealed record HeartbeatOptions
{
    /// <summary>A ping is sent when nothing was received for this long. Default 25 s.</summary>
    public TimeSpan Ping { get; init; } = TimeSpan.FromSeconds(25);

    /// <summary>The connection is closed with 4011 when nothing came within this time after the ping. Default 10 s.</summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(10);
}
