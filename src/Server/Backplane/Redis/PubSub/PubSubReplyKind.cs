namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>What a server says on a pub/sub connection.</summary>
internal enum PubSubReplyKind
{
    /// <summary>An answer without a meaning of its own, as <c>+OK</c>.</summary>
    Other,

    Message,

    Subscribed,

    /// <summary>Asked for, or by the server's own decision, where a cluster's slot went elsewhere.</summary>
    Unsubscribed,

    Error,
}
