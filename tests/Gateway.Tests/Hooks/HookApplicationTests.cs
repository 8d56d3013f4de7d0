using Gateway.Server.Application;
using Gateway.Server.Application.Hooks;
using Gateway.Server.Backplane;
using Gateway.Server.Options;

namespace Gateway.Tests.Hooks;

/// <summary>The hooks and events that a backend is configured for; the gateway sends no others.</summary>
public sealed class HookApplicationTests
{
    [Theory]
    [InlineData("connect", (int)Interests.Connect)]
    [InlineData("subscribe", (int)Interests.Subscribe)]
    [InlineData("publish", (int)Interests.Publish)]
    [InlineData("connected", (int)Interests.Connections)]
    [InlineData("disconnected", (int)Interests.Connections)]
    [InlineData("subscribed", (int)Interests.Subscriptions)]
    [InlineData("unsubscribed", (int)Interests.Subscriptions)]
    [InlineData("occupied", (int)Interests.None)]
    [InlineData("offline", (int)Interests.None)]
    public void Each_hook_is_one_interest(string hook, int interest) =>
        Assert.Equal((Interests)interest, Application(HookNames.Find(hook)!.Value).Interests);

    [Theory]
    [InlineData("occupied", true, false)]
    [InlineData("vacated", true, false)]
    [InlineData("online", false, true)]
    [InlineData("offline", false, true)]
    [InlineData("connected", false, false)]
    public void Occupancy_is_counted_only_where_the_backend_wants_it(string hook, bool channels, bool users)
    {
        IOccupancySink sink = Application(HookNames.Find(hook)!.Value);

        Assert.Equal((channels, users), (sink.Wants(OccupancyKind.Channel), sink.Wants(OccupancyKind.User)));
    }

    [Fact]
    public void A_change_without_an_event_counts_as_sent()
    {
        var events = new List<OccupancyChange>();
        var change = new OccupancyChange(OccupancyKind.Channel, "news", isOccupied: true, version: 1, events.Add);

        ((IOccupancySink)Application(HookEvents.Connect)).OnChange(change);

        Assert.Equal([change], events);
    }

    private static HookApplication Application(HookEvents hooks) =>
        new(new GatewayOptions { Hooks = new HooksOptions { Events = hooks } });
}
