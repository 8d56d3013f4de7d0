namespace Gateway.Server.Backplane;

/// <summary>What a broken record was to be.</summary>
internal enum RecordKind
{
    /// <summary>What a channel's pub/sub brought.</summary>
    Message,

    /// <summary>An entry of a channel's stream.</summary>
    History,

    /// <summary>A user of a channel's presence.</summary>
    Presence,

    /// <summary>What another node said.</summary>
    Node,
}
