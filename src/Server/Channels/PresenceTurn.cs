namespace Gateway.Server.Channels;

/// <summary>What comes after a channel has sent its presence changes.</summary>
internal enum PresenceTurn
{
    /// <summary>Nothing: the next change gets the channel its next turn.</summary>
    Over,

    /// <summary>A snapshot is to be read, for those who missed changes.</summary>
    Snapshot,

    /// <summary>The same once more: there was no room, or there is something that has time.</summary>
    Again,
}
