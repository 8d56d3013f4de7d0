namespace Gateway.Protocol.Compression;

/// <summary>What inflating a message came to.</summary>
internal enum InflateOutcome : byte
{
    Done,

    /// <summary>The message is larger than it may be; the rest of it was not inflated.</summary>
    TooLarge,

    /// <summary>What came is not what a deflater makes, or not all of it.</summary>
    Invalid,
}
