using System.Diagnostics;

namespace Gateway.TestSupport;

/// <summary>Waits for something that another thread is about to do. Only a failing test reaches the limit.</summary>
public static class Eventually
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    public static async Task TrueAsync(Func<bool> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > Limit)
                throw new TimeoutException($"Not so after {Limit.TotalSeconds} s: {what}");
            await Task.Delay(10);
        }
    }

    /// <summary>Waits for a condition that has to be asked for asynchronously.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what)
    {
        var clock = Stopwatch.StartNew();
        while (!await condition())
        {
            if (clock.Elapsed > Limit)
                throw new TimeoutException($"Not so after {Limit.TotalSeconds} s: {what}");
            await Task.Delay(20);
        }
    }
}
