namespace Gateway.Server.Metrics;

/// <summary>What a client is connected by.</summary>
internal enum TransportKind : byte
{
    /// <summary><c>/ws</c> or <c>/echo</c>.</summary>
    WebSocket,

    /// <summary><c>/sse</c>.</summary>
    EventStream,
}
