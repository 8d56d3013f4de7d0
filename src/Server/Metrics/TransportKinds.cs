namespace Gateway.Server.Metrics;

/// <summary>Stateless. The names of transports, in metrics and to the application's backend.</summary>
internal static class TransportKinds
{
    public static string Label(this TransportKind transport) => transport == TransportKind.WebSocket ? "websocket" : "sse";
}
