using StackExchange.Redis;

namespace Gateway.Backplane.Redis;

/// <summary>Stateless. Subscribing so that a channel's messages are handled one after the other, in their order, whichever version of the client library it is built with.</summary>
internal static class OrderedSubscription
{
    public static async Task SubscribeInOrderAsync(this ISubscriber subscriber, RedisChannel channel, Action<byte[]> handler)
    {
        // Handlers are called on the thread pool in any order; a queue has one reader.
        var queue = await subscriber.SubscribeAsync(channel).ConfigureAwait(false);
        queue.OnMessage(message => handler((byte[])message.Message!));
    }
}
