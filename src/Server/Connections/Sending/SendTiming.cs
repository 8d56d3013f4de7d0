namespace Gateway.Server.Connections.Sending;

/// <summary>When a message to a client leaves.</summary>
internal enum SendTiming : byte
{
    /// <summary>With the next flush of the read loop, or of the request that goes on beside it.</summary>
    WithFlush,

    /// <summary>With what other threads send about now: many answers of the backplane come at once.</summary>
    Soon,

    /// <summary>Before the call returns, unless the peer is slow. For messages that no request of the client's has caused.</summary>
    Now,
}
