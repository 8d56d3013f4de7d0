namespace Gateway.Client;

/// <summary>The state of a subscription between the client and the gateway.</summary>
internal enum SubscriptionPhase
{
    /// <summary>There is no connection.</summary>
    Disconnected,

    /// <summary>A request is unanswered. Messages before the answer belong to an earlier request and are ignored.</summary>
    Requested,

    /// <summary>Messages flow into the buffer.</summary>
    Live,

    /// <summary>The buffer was full. Messages are ignored until it is half empty, and then recovered.</summary>
    Full,

    /// <summary>The gateway refused the request for the moment. The subscription waits to send another one.</summary>
    Retrying,

    /// <summary>The subscription is over.</summary>
    Ended,
}
