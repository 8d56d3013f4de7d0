namespace Gateway.Server.Channels;

/// <summary>One connection's place in one channel. Its fields are written under the lock named at each, and read without where a stale value is harmless.</summary>
internal sealed class Subscription(Channel channel, ISubscriber subscriber)
{
    /// <summary>An <see cref="Expires"/> that never comes.</summary>
    public const long Unlimited = long.MaxValue;

    /// <summary>A <see cref="PresenceVersion"/> that is as new as all changes, so that none is sent.</summary>
    public const long NoPresence = long.MaxValue;

    /// <summary>A <see cref="PresenceVersion"/> older than all changes: some were not sent, so none is but a snapshot.</summary>
    public const long LostPresence = -1;

    private long _presenceVersion;

    public Channel Channel { get; } = channel;

    /// <summary>Where its messages go; while history is read for it, to who holds them until then. Set by its session alone.</summary>
    public ISubscriber Subscriber { get; set; } = subscriber;

    /// <summary>The first batch that is for this subscription: everything older was sent from history or is before its time. Written under the channel's lock before the subscription can be seen.</summary>
    public long StartBatch { get; set; }

    /// <summary>Messages up to this seq were sent from history. Written like <see cref="StartBatch"/>.</summary>
    public long StartSeq { get; set; }

    /// <summary>
    /// Presence changes up to this version were in the snapshot it was sent last. Set before the subscription can be seen, and then under
    /// the channel's lock; changed without it by <see cref="LosePresence"/> and <see cref="FindPresence"/>.
    /// </summary>
    public long PresenceVersion
    {
        get => Volatile.Read(ref _presenceVersion);
        set => Volatile.Write(ref _presenceVersion, value);
    }

    /// <summary>The channel's slot, -1 while not active. Channel lock.</summary>
    public int Slot { get; set; } = -1;

    /// <summary>Whether a subscription token let it in. Its session's read loop alone.</summary>
    public bool IsByToken { get; set; }

    /// <summary>When that token expires, in Unix seconds. The lock of the session's list, once the subscription has started.</summary>
    public long Expires { get; set; } = Unlimited;

    /// <summary>Whether it was counted in the channel's presence. Its own lock, as <see cref="Notification"/>.</summary>
    public bool IsPresent { get; set; }

    /// <summary>What the backend was told of it. Its own lock, under which only the queue of what to tell is taken.</summary>
    public NotificationState Notification { get; set; }

    /// <summary>Whether the client was told that it began. Subscriber's lock.</summary>
    public bool IsAnswered { get; set; }

    /// <summary>A presence frame was dropped: it waits for a snapshot, unless it sees no presence.</summary>
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

    /// <summary>A snapshot was queued for a subscription that may have waited for one.</summary>
    public void FindPresence(long version) => Interlocked.CompareExchange(ref _presenceVersion, version, LostPresence);

    /// <summary>The last seq given to the subscriber. Subscriber's lock.</summary>
    public long LastSeq { get; set; }

    /// <summary>Set under the subscriber's lock; after that no frame of the channel reaches it.</summary>
    public bool Ended { get; set; }
}
