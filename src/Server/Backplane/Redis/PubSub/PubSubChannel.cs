namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// One subscription to a pub/sub channel, made by whoever wants the messages and handed to <see cref="RedisSubscriptions"/>. Used once.
/// </summary>
/// <param name="name">The pub/sub channel's name.</param>
/// <param name="handler">Gets its messages.</param>
/// <param name="ended">
/// Called at most once, by any thread and without a lock, when it ends without having been asked to. Null where nobody needs to know.
/// </param>
internal sealed class PubSubChannel(byte[] name, PubSubHandler handler, Action? ended = null)
{
    public byte[] Name => name;

    /// <summary>Where it is subscribed to; null before. Set by <see cref="RedisSubscriptions"/>.</summary>
    public PubSubConnection? Connection { get; set; }

    public void Receive(ReadOnlySpan<byte> message) => handler(message);

    public void End() => ended?.Invoke();

    /// <summary>What still arrives is dropped.</summary>
    public Task UnsubscribeAsync() => Connection?.UnsubscribeAsync(this) ?? Task.CompletedTask;

    /// <summary>Nothing comes by its connection, though something should: all that is subscribed there ends.</summary>
    public void EndSilentConnection() => Connection?.End("silence");
}
