using Gateway.Server.Channels;

namespace Gateway.Server.Cluster;

/// <summary>
/// A page of a node's channels: the first ones after a name, in the order of their names' bytes. The table of channels has no order.
/// Stateless.
/// </summary>
internal static class ChannelPage
{
    private static readonly Comparer<Channel> LastFirst =
        Comparer<Channel>.Create((one, other) => other.Name.Utf8.SequenceCompareTo(one.Name.Utf8));

    /// <summary>Makes a page. It looks at every channel of the node, and keeps no more than the page.</summary>
    /// <param name="channels">The node's channels.</param>
    /// <param name="prefix">The beginning of the names.</param>
    /// <param name="after">The last name of the page before; empty for the first page.</param>
    /// <param name="limit">The most channels in the page.</param>
    public static (IReadOnlyList<ChannelCount> Page, bool More) Of(ChannelTable channels, byte[] prefix, byte[] after, int limit)
    {
        var page = new PriorityQueue<Channel, Channel>(LastFirst);
        bool more = false;
        foreach (var channel in channels.All())
        {
            var name = channel.Name.Utf8;
            if (!name.StartsWith(prefix) || name.SequenceCompareTo(after) <= 0)
                continue;
            page.Enqueue(channel, channel);
            if (page.Count <= limit)
                continue;
            page.Dequeue();
            more = true;
        }
        var ordered = page.UnorderedItems.Select(item => item.Element).OrderDescending(LastFirst);
        return ([.. ordered.Select(channel => new ChannelCount(channel.Name.ToString(), channel.SubscriberCount))], more);
    }
}
