namespace Gateway.Server.Sessions;

/// <summary>What the application has heard of a subscription.</summary>
internal enum NotificationState : byte
{
    /// <summary>Nothing yet.</summary>
    Pending,

    /// <summary>The beginning.</summary>
    Notified,

    /// <summary>
    /// The end, or nothing at all; no event follows. The subscription is over, and gives back at once what it still takes.
    /// </summary>
    Ended,
}
