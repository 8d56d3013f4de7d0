using System.Buffers;
using System.Diagnostics.Metrics;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Metrics;
using Gateway.Server.Naming;
using Gateway.Server.Options;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Channels;

/// <summary>
/// A node that gets more from other nodes than its fan-out takes: publishers there do not wait, and yet the queue is bounded.
/// </summary>
public sealed class OverloadTests
{
    private static readonly byte[] Content = [.. "\""u8, .. Enumerable.Repeat((byte)'x', 64 * 1024), .. "\""u8];

    [Fact]
    public void A_channel_takes_no_more_than_it_may_hold_and_tells_who_has_history()
    {
        using var metrics = new GatewayMetrics(
            new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());
        var namespaces = new Namespaces(new GatewayOptions());
        using var subscriber = new BlockedSubscriber();
        var channel = new Channel(Names.Of(namespaces, "plain"), metrics, NullLogger.Instance);
        Assert.True(channel.TryActivate(new Subscription(channel, subscriber), default, 0, null));
        Assert.True(channel.TryAppend(new Publication { Payload = Payload.Json("0"u8) }));
        Assert.True(subscriber.Entered.Wait(TimeSpan.FromSeconds(30)));

        int taken = 0;
        while (taken < 10_000 && channel.TryAppend(new Publication { Payload = Payload.Json(Content) }))
            taken++;
        Assert.InRange(taken, 100, 300);

        channel.Invalidate();
        Assert.Equal(1, subscriber.Gaps);
        Assert.True(channel.TryAppend(new Publication { Payload = Payload.Json(Content) }));
    }

    [Fact]
    public async Task Presence_waits_until_there_is_room()
    {
        await using var services = new ServiceCollection().AddMetrics().BuildServiceProvider();
        using var metrics = new GatewayMetrics(services.GetRequiredService<IMeterFactory>());
        var rules = new Dictionary<string, NamespaceOptions> { ["room"] = new() { Presence = true } };
        var namespaces = new Namespaces(new GatewayOptions { Namespaces = rules });
        var snapshot = new PresenceSnapshot(new PresenceState([], 0), 1);
        using var subscriber = new BlockedSubscriber();
        var channel = new Channel(Names.Of(namespaces, "room:a"), metrics, NullLogger.Instance);
        Assert.True(channel.TryActivate(new Subscription(channel, subscriber), default, 0, null));
        Assert.True(channel.TryAppend(new Publication { Payload = Payload.Json("0"u8) }));
        Assert.True(subscriber.Entered.Wait(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken));
        while (channel.TryAppend(new Publication { Payload = Payload.Json(Content) }))
            continue;

        channel.AppendPresence(new PresenceChange(new PresentUser("ann", default), Joined: true, 1, Version: 1));
        Assert.Equal(PresenceTurn.Again, channel.SendPresence(10, 0));
        channel.LosePresence();
        Assert.Equal(PresenceTurn.Again, channel.SendPresence(10, 0));
        Assert.False(channel.TryRestorePresence(snapshot, channel.PresenceGeneration));

        subscriber.Release();
        await Eventually.TrueAsync(
            () => channel.TryRestorePresence(snapshot, channel.PresenceGeneration), "there is room");
        await Eventually.TrueAsync(() => subscriber.Presence == 1, "the snapshot is there");
    }
}
