using System.Collections.Concurrent;

namespace Gateway.Bench.Peers;

/// <summary>The listeners of each channel. Safe for any thread.</summary>
internal sealed class Channels
{
    private readonly ConcurrentDictionary<string, ConcurrentDictionary<ChannelSocket, bool>> _subscribers = new();

    public void Add(string channel, ChannelSocket socket) => _subscribers.GetOrAdd(channel, _ => new())[socket] = true;

    public void Remove(string channel, ChannelSocket socket) => _subscribers[channel].TryRemove(socket, out _);

    public void Send(string channel, byte[] message)
    {
        if (!_subscribers.TryGetValue(channel, out var subscribers))
            return;
        foreach (var (socket, _) in subscribers)
            socket.Send(message);
    }
}
