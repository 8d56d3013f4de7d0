namespace Gateway.Server.Options;

/// <summary>
/// Whether messages go through a Redis cluster by sharded pub/sub, <c>SSUBSCRIBE</c> and <c>SPUBLISH</c>, which stays with the server of
/// the channel's slot.
/// </summary>
internal enum ShardedPubSub
{
    /// <summary>Where the cluster's servers know it, from version 7 on.</summary>
    Auto,

    /// <summary>In every cluster.</summary>
    On,

    Off,
}
