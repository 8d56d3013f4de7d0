namespace Gateway.Client;

/// <summary>The reason why messages of a channel were lost, or may have been.</summary>
public enum LossReason
{
    /// <summary>The channel's history no longer reaches back to the last received message, or has started over.</summary>
    Unrecoverable,

    /// <summary>The channel has no history, and the connection was lost. Messages published in between are unknown.</summary>
    Reconnected,

    /// <summary>
    /// The channel has no history, and its messages came faster than they were read. The oldest messages in the buffer were dropped.
    /// </summary>
    BufferFull,
}
