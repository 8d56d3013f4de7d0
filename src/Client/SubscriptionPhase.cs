namespace Gateway.Client;

/// <summary>Where a subscription stands with the gateway.</summary>
internal enum SubscriptionPhase
{
    /// <summary>There is no connection, or none that it was asked for on.</summary>
    Away,

    /// <summary>Asked for; until the answer, messages belong to an earlier request and do not count.</summary>
    Asked,

    /// <summary>Messages flow.</summary>
    Live,

    /// <summary>The buffer was full: messages pass by until it is half empty, then they are recovered.</summary>
    Full,

    /// <summary>Refused for the moment, to be asked for again.</summary>
    Retrying,

    /// <summary>Over.</summary>
    Ended,
}
