using Gateway.Server.Clock;
using Gateway.TestSupport;

namespace Gateway.Tests.Connections;

public sealed class DelaysTests
{
    private readonly ManualTime _clock = new();

    [Fact]
    public void Each_is_woken_at_its_time_whatever_the_order_they_came_in()
    {
        using var delays = new Delays(_clock);
        var (late, early, middle) = (Add(300), Add(100), Add(200));

        Assert.Equal("---", Woken());
        _clock.Advance(TimeSpan.FromMilliseconds(99));
        Assert.Equal("---", Woken());
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("-e-", Woken());
        _clock.Advance(TimeSpan.FromMilliseconds(150));
        Assert.Equal("-em", Woken());
        _clock.Advance(TimeSpan.FromMilliseconds(50));
        Assert.Equal("lem", Woken());
        Assert.Equal(0, delays.Count);

        TaskCompletionSource Add(int milliseconds)
        {
            var wake = new TaskCompletionSource();
            delays.Add(wake, milliseconds * TimeSpan.TicksPerMillisecond);
            return wake;
        }

        string Woken() =>
            (late.Task.IsCompleted ? "l" : "-") + (early.Task.IsCompleted ? "e" : "-") + (middle.Task.IsCompleted ? "m" : "-");
    }

    [Fact]
    public void A_wait_of_years_is_looked_at_again_after_a_second()
    {
        using var delays = new Delays(_clock);
        var wake = new TaskCompletionSource();
        delays.Add(wake, long.MaxValue);
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(wake.Task.IsCompleted);
        Assert.Equal(0, delays.Count);
    }
}
