using Gateway.TestSupport;

namespace Gateway.Chaos.Tests.World;

/// <summary>How the nodes are configured, and what the clients have to know of it. Stateless.</summary>
internal static class ChaosSettings
{
    /// <summary>Documented: a drain is over in this time.</summary>
    public static readonly TimeSpan Drain = TimeSpan.FromSeconds(3);

    private const string Secret = "chaos-chaos-chaos-chaos-chaos-chaos";
    private static readonly SigningKey Key = SigningKey.OfSecret(Secret);

    /// <summary>
    /// Beside its name and its addresses. The dead are gone from presence, and dead clients noticed, soon enough to be waited for.
    /// </summary>
    public static IReadOnlyList<string> OfEachNode { get; } =
    [
        $"Auth:Secret={Secret}", $"Drain:Duration={Drain:c}",
        "Presence:TimeToLive=00:00:03", "Heartbeat:Ping=00:00:02", "Heartbeat:PongTimeout=00:00:02",
        "Limits:Connections=0", "Limits:ConnectionsPerAddress=0", "Limits:ConnectionsPerUser=0", "Limits:HandshakesPerSecondPerAddress=0",
        "Namespaces:default:Subscribe=signed-in", "Namespaces:default:Publish=signed-in", "Namespaces:default:HistoryTtl=01:00:00",
        $"Namespaces:{ChannelPlan.Log}:History=2000", $"Namespaces:{ChannelPlan.Hall}:History=2000",
        $"Namespaces:{ChannelPlan.Hall}:Presence=true", $"Namespaces:{ChannelPlan.Room}:Presence=true",
    ];

    public static string Token(string user) => Key.Token(user);
}
