namespace Gateway.Server.Backplane.Redis;

/// <summary>What an envelope holds: its first byte, whose upper half is the format's version, 2.</summary>
internal enum EnvelopeKind : byte
{
    /// <summary>Records (<see cref="Publishing.PublishBatch"/>).</summary>
    Message = 0x21,

    /// <summary>
    /// The position of the first record, put in front by the script that gave it, and records, each with the seq after the last's.
    /// </summary>
    PositionedMessage = 0x22,

    /// <summary>A presence change: the version before it and its own, whether somebody joined, how many are there, and who.</summary>
    Presence = 0x23,
}
