namespace Gateway.Protocol.Proxying;

/// <summary>What a connection's first bytes came to, where a PROXY header must stand.</summary>
public enum ProxyHeaderOutcome : byte
{
    /// <summary>So far it may become a header.</summary>
    NeedMoreData,

    /// <summary>A whole header.</summary>
    Accepted,

    /// <summary>No header, or none that can be believed.</summary>
    Refused,
}
