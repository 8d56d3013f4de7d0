namespace Gateway.Server.Channels;

/// <summary>What the backend was told about a subscription.</summary>
internal enum NotificationState : byte
{
    /// <summary>Nothing yet.</summary>
    Pending,

    /// <summary>That it began.</summary>
    Notified,

    /// <summary>
    /// That it ended, or nothing, and nothing more will be: the subscription is over, and what it takes from now on is to be given back.
    /// </summary>
    Ended,
}
