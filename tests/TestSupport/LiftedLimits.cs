namespace Gateway.TestSupport;

/// <summary>
/// Settings that lift what tests would run into: they come from one address, many at once, as fast as they can. Those about limits set
/// their own.
/// </summary>
internal static class LiftedLimits
{
    /// <summary>The settings, without the leading <c>Gateway:</c>.</summary>
    public static IReadOnlyList<string> Settings { get; } =
    [
        "Limits:MessagesPerSecond=0", "Limits:BytesPerSecond=0", "Limits:Connections=0", "Limits:ConnectionsPerAddress=0",
        "Limits:ConnectionsPerUser=0", "Limits:HandshakesPerSecondPerAddress=0", "Limits:SocketsPerAddress=0",
    ];
}
