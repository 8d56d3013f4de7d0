namespace Gateway.Protocol.Proxying;

/// <summary>The outcome of reading a PROXY header.</summary>
internal enum ProxyHeaderOutcome : byte
{
    /// <summary>The bytes so far may become a header.</summary>
    NeedMoreData,

    /// <summary>The header is whole.</summary>
    Accepted,

    /// <summary>The bytes are not a valid header.</summary>
    Refused,
}
