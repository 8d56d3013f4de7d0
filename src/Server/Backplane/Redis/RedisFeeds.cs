using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>Safe for any thread. The feeds of the channels on one shard that this node wants, or wanted a moment ago.</summary>
/// <remarks>Lock order: the channel table's, then this one, then the presence's; no feed's lock is taken under it.</remarks>
internal sealed class RedisFeeds(string prefix, IBackplaneSink sink, BackplaneMetrics metrics, BrokenRecords broken, RedisPresence presence)
{
    /// <summary>So that a page reload, or a subscriber who comes and goes, costs Redis nothing.</summary>
    private const long LingerMilliseconds = 3_000;

    private const double CheckMilliseconds = 60_000;

    private readonly Lock _gate = new();
    private readonly Dictionary<ChannelName, ChannelFeed> _feeds = new(ChannelNameComparer.Instance);
    private readonly Queue<(ChannelFeed Feed, long LeaveAt)> _unwanted = new();
    private readonly Round<ChannelFeed> _checks = new(CheckMilliseconds, feed => feed.IsGone);

    public ChannelFeed? Find(ChannelName channel)
    {
        lock (_gate)
            return _feeds.GetValueOrDefault(channel);
    }

    /// <summary>Asks for a channel's messages. Completes with whether they flow.</summary>
    public Task<bool> SubscribeAsync(RedisConnection connection, ChannelName channel)
    {
        lock (_gate)
        {
            var feed = _feeds.TryGetValue(channel, out var known) ? known : Add(channel);
            feed.LeaveAt = 0;
            if (feed.IsLeaving || (feed.Flowing.IsCompleted && !feed.IsAttached))
                feed.Flowing = feed.AttachAsync(connection, before: feed.Flowing);
            else if (feed.Flowing.IsCompleted)
                feed.Flowing = feed.HasFailed ? feed.RetryAsync() : Task.FromResult(true);
            feed.IsLeaving = false;
            return feed.Flowing;
        }
    }

    public void Unsubscribe(ChannelName channel)
    {
        lock (_gate)
        {
            if (!_feeds.TryGetValue(channel, out var feed))
                return;
            feed.LeaveAt = Environment.TickCount64 + LingerMilliseconds;
            Queue(feed);
        }
    }

    /// <summary>Attaches the feeds that are wanted; the others go with the old connection.</summary>
    public Task ResumeAsync(RedisConnection connection)
    {
        var attaching = new List<Task>();
        lock (_gate)
        {
            foreach (var feed in _feeds.Values.ToList())
            {
                if (feed.LeaveAt != 0)
                {
                    feed.Abandon();
                    Remove(feed);
                    continue;
                }
                feed.IsLeaving = false;
                attaching.Add(feed.Flowing = feed.AttachAsync(connection, before: Task.CompletedTask));
            }
        }
        return Task.WhenAll(attaching);
    }

    /// <summary>The connection is lost: until it is replaced, nothing flows.</summary>
    public void Interrupt()
    {
        List<ChannelFeed> feeds;
        lock (_gate)
            feeds = [.. _feeds.Values];
        foreach (var feed in feeds)
            sink.OnInterrupted(feed.Channel);
    }

    /// <summary>Checks all feeds, as the servers may be others than before.</summary>
    public Task CheckAllAsync()
    {
        List<ChannelFeed> feeds;
        lock (_gate)
            feeds = _checks.TakeAll();
        return Task.WhenAll(feeds.Select(feed => feed.CheckAsync()));
    }

    /// <summary>Checks the feeds whose turn has come.</summary>
    public Task CheckAsync(long now)
    {
        List<ChannelFeed> feeds;
        lock (_gate)
            feeds = _checks.Take(now);
        return Task.WhenAll(feeds.Select(feed => feed.CheckAsync()));
    }

    /// <summary>Leaves the channels nobody has wanted for a while.</summary>
    public void LeaveUnwanted(RedisConnection connection, long now)
    {
        lock (_gate)
        {
            while (_unwanted.TryPeek(out var first) && first.LeaveAt <= now)
            {
                var feed = _unwanted.Dequeue().Feed;
                feed.IsQueued = false;
                if (feed.IsGone || feed.LeaveAt == 0)
                    continue;
                if (feed.LeaveAt > now)
                {
                    Queue(feed);
                    continue;
                }
                feed.IsLeaving = true;
                feed.Flowing = feed.DetachAsync(connection, before: feed.Flowing);
                _ = LeaveAsync(feed, feed.Flowing);
            }
        }
    }

    /// <summary>The feed stays until it has left, so that a subscribe meanwhile comes after.</summary>
    private async Task LeaveAsync(ChannelFeed feed, Task<bool> leaving)
    {
        await leaving.ConfigureAwait(false);
        lock (_gate)
        {
            if (!feed.IsGone && ReferenceEquals(feed.Flowing, leaving))
                Remove(feed);
        }
    }

    private void Queue(ChannelFeed feed)
    {
        if (feed.IsQueued)
            return;
        feed.IsQueued = true;
        _unwanted.Enqueue((feed, feed.LeaveAt));
    }

    private ChannelFeed Add(ChannelName channel)
    {
        var feed = new ChannelFeed(channel, new RedisKeys(prefix, channel), sink, metrics, broken, presence);
        _feeds.Add(channel, feed);
        if (channel.Namespace.Rules.HasHistory)
            _checks.Add(feed);
        if (channel.Namespace.Rules.Presence)
            presence.Watch(channel);
        metrics.Subscribed(1);
        return feed;
    }

    private void Remove(ChannelFeed feed)
    {
        _feeds.Remove(feed.Channel);
        feed.IsGone = true;
        if (feed.Channel.Namespace.Rules.Presence)
            presence.Unwatch(feed.Channel);
        metrics.Subscribed(-1);
    }
}
