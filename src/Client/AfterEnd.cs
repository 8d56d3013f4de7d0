namespace Gateway.Client;

/// <summary>What a client does when its connection has ended.</summary>
internal enum AfterEnd
{
    /// <summary>Connects again after a while.</summary>
    Reconnect,

    /// <summary>The same, but only with another token than the one that was refused.</summary>
    NewToken,

    /// <summary>Stays away: it would end the same way.</summary>
    Stop,
}
