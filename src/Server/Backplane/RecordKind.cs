namespace Gateway.Server.Backplane;

/// <summary>The kinds of records that are read from Redis.</summary>
internal enum RecordKind
{
    /// <summary>A message of a channel's pub/sub.</summary>
    Message,

    /// <summary>An entry of a channel's stream.</summary>
    History,

    /// <summary>A user of a channel's presence.</summary>
    Presence,

    /// <summary>A message of another node.</summary>
    Node,
}
