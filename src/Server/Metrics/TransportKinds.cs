namespace Gateway.Server.Metrics;

/// <summary>The names of transports, in metrics and to the application's backend. Stateless.</summary>
internal static class TransportKinds
{
    public static string Label(this TransportKind transport) => transport == TransportKind.WebSocket ? "websocket" : "sse";
}
