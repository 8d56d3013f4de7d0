namespace Gateway.Server.Backplane.Redis;

/// <summary>The kinds of envelopes. The kind is the first byte, whose upper half is the format's version, 2.</summary>
internal enum EnvelopeKind : byte
{
    /// <summary>Records (<see cref="Publishing.PublishBatch"/>).</summary>
    Message = 0x21,

    /// <summary>
    /// Records whose seqs follow each other, behind the position of the first, which the publishing script has put in front.
    /// </summary>
    PositionedMessage = 0x22,

    /// <summary>
    /// A presence change: the version before it and its own, whether the user joined, how many users are there, and the user.
    /// </summary>
    Presence = 0x23,
}
