namespace Gateway.Server.Options;

/// <summary>What happens to a message over a connection's rate limit.</summary>
internal enum RateAction : byte
{
    /// <summary>It is not done, and the client gets an error; after 100 in a row close 4029.</summary>
    Reject,

    /// <summary>It waits until there are tokens, and nothing is read meanwhile: TCP slows the client down.</summary>
    Delay,

    /// <summary>Close 4029.</summary>
    Close,
}
