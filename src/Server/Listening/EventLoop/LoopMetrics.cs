using System.Diagnostics.Metrics;
using Gateway.Server.Metrics;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>The part of the <c>Gateway</c> meter about the event loops, looked up when somebody scrapes. Safe for any thread.</summary>
internal sealed class LoopMetrics
{
    public LoopMetrics(IMeterFactory factory, EventLoops loops, LoopWatchdog watchdog)
    {
        var meter = factory.Create(GatewayMetrics.MeterName);
        Counter("gateway.loop.turns", "{turn}", "Times that an event loop looked for events.", loop => loop.Turns);
        Counter("gateway.loop.events", "{event}", "Events that an event loop found.", loop => loop.Events);
        Counter(
            "gateway.loop.posts", "{post}", "Work that was put into an event loop's queue, mostly by other threads.", loop => loop.Posts);
        meter.CreateObservableGauge(
            "gateway.loop.longest_turn", () => Of(loop => watchdog.LongestTurn(loop.Number) / 1000.0), "s",
            "The longest time between two looks for events within the last ten seconds.");

        void Counter(string name, string unit, string description, Func<Loop, long> value) =>
            meter.CreateObservableCounter(name, () => Of(value), unit, description);

        IEnumerable<Measurement<T>> Of<T>(Func<Loop, T> value)
            where T : struct =>
            loops.All.Select(loop => new Measurement<T>(value(loop), new KeyValuePair<string, object?>("loop", loop.Number)));
    }
}
