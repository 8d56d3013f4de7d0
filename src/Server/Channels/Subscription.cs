namespace Gateway.Server.Channels;

/// <summary>
/// One connection's place in one channel: what the channel and the connection's writer keep of it. A session adds its own part in a derived
/// class, so that all of it is one object. Each member names the lock under which it is written; a read without that lock gives a value
/// that may be stale, where that does no harm.
/// </summary>
internal class Subscription(Channel channel, ISubscriber subscriber)
{
    /// <summary>A <see cref="PresenceVersion"/> that is as new as all changes, so that none is sent.</summary>
    public const long NoPresence = long.MaxValue;

    /// <summary>
    /// A <see cref="PresenceVersion"/> older than all changes: some were not sent, so that nothing but a snapshot may follow.
    /// </summary>
    public const long LostPresence = -1;

    private long _presenceVersion;

    public Channel Channel { get; } = channel;

    /// <summary>
    /// The receiver of the channel's messages; while history is read for the subscription, one that holds them until then. Set by the
    /// session alone.
    /// </summary>
    public ISubscriber Subscriber { get; set; } = subscriber;

    // The channel's part.

    /// <summary>
    /// The first batch for this subscription: older ones were sent from history, or are before its time. Written under the channel's lock
    /// before the subscription can be seen.
    /// </summary>
    public long StartBatch { get; set; }

    /// <summary>The last seq that was sent from history. Written like <see cref="StartBatch"/>.</summary>
    public long StartSeq { get; set; }

    /// <summary>
    /// The last presence change that was in the snapshot sent last. Set before the subscription can be seen, and then under the channel's
    /// lock; changed without it by <see cref="LosePresence"/> and <see cref="FindPresence"/>.
    /// </summary>
    public long PresenceVersion
    {
        get => Volatile.Read(ref _presenceVersion);
        set => Volatile.Write(ref _presenceVersion, value);
    }

    /// <summary>The place among the channel's subscribers; -1 while not active. Channel's lock.</summary>
    public int Slot { get; set; } = -1;

    // The writer's part.

    /// <summary>The last seq that was queued. Writer's lock.</summary>
    public long LastSeq { get; set; }

    /// <summary>Whether the client was told that the subscription began. Writer's lock.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>Whether the subscription is over: no frame of the channel is queued for it any more. Writer's lock.</summary>
    public bool Ended { get; set; }

    /// <summary>Notes that a presence frame was dropped: the subscription waits for a snapshot, unless it sees no presence.</summary>
    public void LosePresence()
    {
        long version = PresenceVersion;
        // The channel may hide presence meanwhile, or have just sent a snapshot: then this is tried again, against what is true now.
        while (version is not (NoPresence or LostPresence))
        {
            long found = Interlocked.CompareExchange(ref _presenceVersion, LostPresence, version);
            if (found == version)
                return;
            version = found;
        }
    }

    /// <summary>Notes that a snapshot was queued, if the subscription was waiting for one.</summary>
    public void FindPresence(long version) => Interlocked.CompareExchange(ref _presenceVersion, version, LostPresence);
}
