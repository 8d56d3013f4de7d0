namespace Gateway.Channels;

/// <summary>What the backend was told about a subscription.</summary>
internal enum Telling : byte
{
    /// <summary>Nothing yet.</summary>
    Untold,

    /// <summary>That it began.</summary>
    Told,

    /// <summary>That it ended, or nothing, and nothing more will be.</summary>
    Over,
}
