namespace Gateway.Client;

/// <summary>What a client does after its connection has ended.</summary>
internal enum AfterEnd
{
    /// <summary>The client connects again after a pause.</summary>
    Reconnect,

    /// <summary>The client connects again after a pause, but only with another token than the one that was refused.</summary>
    NewToken,

    /// <summary>The client stops, because another connection would end the same way.</summary>
    Stop,
}
