namespace Gateway.Protocol.WebSockets;

/// <summary>The kind of a request, judged by a connection's first bytes.</summary>
internal enum RequestKind : byte
{
    /// <summary>The bytes so far fit one of the gateway's paths, and do not decide yet.</summary>
    NeedMoreData,

    /// <summary>A WebSocket upgrade for one of the gateway's paths, however wrong the rest of it is.</summary>
    Upgrade,

    /// <summary>Any other request, which is handed on untouched.</summary>
    Other,
}
