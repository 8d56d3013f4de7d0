namespace Gateway.Server.Auth;

/// <summary>What one may do in a channel, as the token's <c>channels</c> name it.</summary>
[Flags]
internal enum ChannelOperations : byte
{
    None = 0,

    /// <summary>To get its messages, and with <c>recover</c> those missed.</summary>
    Subscribe = 1,
    Publish = 2,

    /// <summary>To learn who is there: in answers, in <c>subscribed</c> and as it changes.</summary>
    Presence = 4,

    /// <summary>To page back with <c>history</c>.</summary>
    History = 8,
    All = Subscribe | Publish | Presence | History,
}
