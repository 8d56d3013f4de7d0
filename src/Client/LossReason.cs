namespace Gateway.Client;

/// <summary>Why messages of a channel were lost, or may have been.</summary>
public enum LossReason
{
    /// <summary>The channel's history no longer reaches back to what was received last, or it started over.</summary>
    Unrecoverable,

    /// <summary>The channel has no history, and the connection was away: what was published meanwhile is unknown.</summary>
    Reconnected,

    /// <summary>The channel has no history, and its messages came faster than they were read: the oldest in the buffer were dropped.</summary>
    BufferFull,
}
