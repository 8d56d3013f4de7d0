namespace Gateway.Backplane.Redis;

/// <summary>What an envelope holds: its first byte, whose upper half is the format's version, 1.</summary>
internal enum EnvelopeKind : byte
{
    /// <summary>A body.</summary>
    Message = 0x11,

    /// <summary>A position, put in front by the script that gave it, and a body.</summary>
    PositionedMessage = 0x12,

    /// <summary>A presence change.</summary>
    Presence = 0x13,
}
