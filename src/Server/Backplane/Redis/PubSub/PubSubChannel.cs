namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// One subscription to a pub/sub channel. The receiver of the messages makes it and hands it to <see cref="RedisSubscriptions"/>. Used
/// once.
/// </summary>
/// <param name="name">The pub/sub channel's name.</param>
/// <param name="handler">Gets the channel's messages.</param>
/// <param name="ended">
/// Called at most once, by any thread and without a lock, when the subscription ends by itself; null where that does not matter.
/// </param>
internal sealed class PubSubChannel(byte[] name, PubSubHandler handler, Action? ended = null)
{
    public byte[] Name => name;

    /// <summary>The connection of the subscription; null before <see cref="RedisSubscriptions"/> has set it.</summary>
    public PubSubConnection? Connection { get; set; }

    public void Receive(ReadOnlySpan<byte> message) => handler(message);

    public void End() => ended?.Invoke();

    /// <summary>Unsubscribes. Messages that still arrive are dropped.</summary>
    public Task UnsubscribeAsync() => Connection?.UnsubscribeAsync(this) ?? Task.CompletedTask;

    /// <summary>Ends the connection, with all subscriptions on it: it brings nothing, though something was sent.</summary>
    public void EndSilentConnection() => Connection?.End("silence");
}
