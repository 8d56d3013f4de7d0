using Gateway.Server.Clock;
using Gateway.Server.Health;
using Gateway.Server.Listening.EventLoop;
using Gateway.TestSupport;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Listening.EventLoop;

/// <summary>A loop that does not come back is logged after a second, and makes the node unready after five.</summary>
public sealed class LoopWatchdogTests : IAsyncDisposable
{
    private readonly RecordedLog _log = new();
    private readonly LoggerFactory _logs = new();
    private readonly EventLoops _loops;
    private readonly LoopWatchdog _watchdog;

    public LoopWatchdogTests()
    {
        _logs.AddProvider(_log);
        _loops = new EventLoops(2, _logs);
        _loops.Start();
        _watchdog = new LoopWatchdog(_loops, _logs);
    }

    private string? Problem => ((IHealthSource)_watchdog).Health.Problem;

    public async ValueTask DisposeAsync()
    {
        await _loops.StopAsync().WaitAsync(Eventually.Limit);
        _logs.Dispose();
    }

    [Fact]
    public async Task A_loop_that_hangs_is_named_with_what_it_was_doing_until_it_comes_back()
    {
        var loop = _loops.All[1];
        var stop = new LoopStop();
        loop.Post(stop);
        Assert.True(stop.Reached.Wait(Eventually.Limit));
        Tick(0);
        Tick(999);
        Assert.Empty(_log.Of(143));

        Tick(1_000);
        Tick(2_000);
        Assert.Equal("Event loop 1 has not come back for 1000 ms from a test's work.", Assert.Single(_log.Of(143)));
        Assert.Null(Problem);

        Tick(5_000);
        Assert.Equal("event loop 1 is stuck at a test's work", Problem);
        Assert.Equal("an event loop is stuck", ((IHealthSource)_watchdog).Health.PublicProblem);

        stop.Dispose();
        await Eventually.TrueAsync(() => loop.IsSleeping, "the loop has come back");
        Tick(6_000);
        Assert.Null(Problem);
    }

    [Fact]
    public async Task A_loop_that_sleeps_is_not_stuck()
    {
        await Eventually.TrueAsync(() => _loops.All.All(loop => loop.IsSleeping), "the loops sleep");
        for (int seconds = 0; seconds < 100; seconds++)
            Tick(seconds * 1_000);
        Assert.Empty(_log.Of(143));
        Assert.Null(Problem);
    }

    [Fact]
    public async Task A_turn_that_begins_just_before_a_look_is_not_as_old_as_the_sleep_before_it()
    {
        var loop = _loops.All[0];
        await Eventually.TrueAsync(() => loop.IsSleeping, "the loop sleeps");
        Tick(0);
        using var stop = new LoopStop();
        loop.Post(stop);
        Assert.True(stop.Reached.Wait(Eventually.Limit));
        Tick(100_000);
        Assert.Empty(_log.Of(143));
        Assert.Null(Problem);
    }

    private void Tick(long now) => ((ITickHandler)_watchdog).OnTick(now);
}
