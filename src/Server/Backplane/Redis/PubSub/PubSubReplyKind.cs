namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>The kinds of replies on a pub/sub connection.</summary>
internal enum PubSubReplyKind
{
    /// <summary>Any other answer, such as <c>+OK</c>.</summary>
    Other,

    Message,

    Subscribed,

    /// <summary>The end of a subscription: requested, or the server's own decision where a cluster's slot went elsewhere.</summary>
    Unsubscribed,

    Error,
}
