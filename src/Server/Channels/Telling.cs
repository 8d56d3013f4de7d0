namespace Gateway.Server.Channels;

/// <summary>What the backend was told about a subscription.</summary>
internal enum Telling : byte
{
    /// <summary>Nothing yet.</summary>
    Untold,

    /// <summary>That it began.</summary>
    Told,

    /// <summary>
    /// That it ended, or nothing, and nothing more will be: the subscription is over, and what it takes from now on is to be given back.
    /// </summary>
    Over,
}
