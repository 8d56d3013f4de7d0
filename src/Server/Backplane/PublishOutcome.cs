namespace Gateway.Server.Backplane;

/// <summary>What is known of a publish.</summary>
internal enum PublishOutcome
{
    /// <summary>Nothing was done, and nothing will be.</summary>
    Refused,

    /// <summary>The message has its place and is on its way.</summary>
    Accepted,

    /// <summary>The message was sent to the backplane and no answer came: it was published, or will be, or not.</summary>
    Unconfirmed,
}
