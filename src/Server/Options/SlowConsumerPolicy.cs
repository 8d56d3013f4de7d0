namespace Gateway.Server.Options;

/// <summary>What happens to a namespace's messages when a connection's outbound queue is full.</summary>
internal enum SlowConsumerPolicy : byte
{
    /// <summary>Close 4008; the client reconnects and recovers.</summary>
    Disconnect,

    /// <summary>The oldest queued messages of the namespace make room.</summary>
    DropOldest,

    /// <summary>Only the newest message of each channel of the namespace stays queued.</summary>
    Latest,
}
