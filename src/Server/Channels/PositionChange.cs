namespace Gateway.Server.Channels;

/// <summary>How a message changes the position from which its client would recover a channel.</summary>
internal enum PositionChange : byte
{
    None,

    /// <summary>The channel has this position from now on, of whichever epoch.</summary>
    Set,

    /// <summary>The channel's position moves on within its epoch.</summary>
    Advance,

    /// <summary>The channel has no position any more.</summary>
    Remove,
}
