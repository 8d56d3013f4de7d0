namespace Gateway.Protocol.WebSockets;

/// <summary>Whose connection is it, judged by its first bytes?</summary>
public enum RequestKind : byte
{
    /// <summary>The bytes so far fit one of our paths and do not decide yet.</summary>
    NeedMoreData,

    /// <summary>A WebSocket upgrade for one of our paths: ours, however wrong the rest of it is.</summary>
    Upgrade,

    /// <summary>Anything else, to be handed on untouched.</summary>
    Other,
}
