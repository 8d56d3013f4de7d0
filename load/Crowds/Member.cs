namespace Gateway.Load.Crowds;

/// <summary>
/// All that is kept of one client of a <see cref="Crowd"/>. Changed by its loop's thread; any thread may look, and sees each field as it
/// was some moment ago.
/// </summary>
internal struct Member
{
    /// <summary>Its socket in the files of its loop.</summary>
    public int File;

    /// <summary>
    /// The number of the next message that it must get, which is also the position of the last one that it has: positions begin with 1.
    /// </summary>
    public uint Next;

    public MemberState State;

    /// <summary>Whether it has been subscribed, so that <see cref="Next"/> is a position to go on from.</summary>
    public bool HasPosition;
}

/// <summary>How far a <see cref="Member"/> has come.</summary>
internal enum MemberState : byte
{
    /// <summary>Without a connection.</summary>
    Away,

    Connecting,

    Upgrading,

    /// <summary>Has asked for the channel of all, or then for its own.</summary>
    Subscribing,

    /// <summary>Subscribed to all that it wants.</summary>
    Present,
}
