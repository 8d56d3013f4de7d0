using System.Diagnostics.Metrics;
using Gateway.Backplane;
using Gateway.Channels;
using Gateway.Diagnostics;
using Gateway.Options;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Tests.Channels;

/// <summary>Publishers on other nodes do not wait for this node's fan-out: what it cannot take is bounded all the same.</summary>
public sealed class OverloadTests
{
    private static readonly byte[] Content = [.. "\""u8, .. Enumerable.Repeat((byte)'x', 64 * 1024), .. "\""u8];

    [Fact]
    public void A_channel_takes_no_more_than_it_may_hold_and_tells_who_has_history()
    {
        using var metrics = new GatewayMetrics(new ServiceCollection().AddMetrics().BuildServiceProvider().GetRequiredService<IMeterFactory>());
        var namespaces = new Namespaces(new GatewayOptions());
        using var subscriber = new BlockedSubscriber();
        var channel = new Channel(Names.Of(namespaces, "plain"), metrics, NullLogger.Instance);
        Assert.True(channel.TryActivate(new Subscription(channel, subscriber), default, 0, null));
        Assert.True(channel.TryAppend(new Publication { Content = "0"u8 }));
        Assert.True(subscriber.Entered.Wait(TimeSpan.FromSeconds(30)));

        int taken = 0;
        while (taken < 10_000 && channel.TryAppend(new Publication { Content = Content }))
            taken++;
        Assert.InRange(taken, 100, 300);

        channel.Lose();
        Assert.Equal(1, subscriber.Gaps);
        Assert.True(channel.TryAppend(new Publication { Content = Content }));
    }
}
