using Gateway.Server.Naming;

namespace Gateway.Server.Backplane;

/// <summary>Called by a backplane from any thread, for one channel by one thread at a time. Nothing here blocks or throws.</summary>
internal interface IBackplaneSink
{
    /// <summary>A message of a channel this node has subscribed to, in the channel's order.</summary>
    void OnPublication(ChannelName channel, in Publication publication);

    /// <summary>The users present in a channel this node has subscribed to have changed.</summary>
    void OnPresence(ChannelName channel, PresenceChange change);

    /// <summary>
    /// Presence changes of the channel may not have arrived: subscribers need a snapshot (<see cref="IBackplane.RepairPresenceAsync"/>).
    /// </summary>
    void OnPresenceLost(ChannelName channel);

    /// <summary>
    /// Messages of the channel may be missing from now on, until <see cref="IBackplane.SubscribeAsync"/> is asked again and returns true.
    /// Those already subscribed need not be told: they get what they missed, or <see cref="OnLost"/>.
    /// </summary>
    void OnInterrupted(ChannelName channel);

    /// <summary>
    /// The channel's stream was lost or has a gap that cannot be filled: subscribers must start over from a position they know.
    /// </summary>
    void OnLost(ChannelName channel);
}
