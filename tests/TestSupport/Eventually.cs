using System.Diagnostics;

namespace Gateway.TestSupport;

/// <summary>Waiting for something that another thread is about to do. The limit is generous: only a failing test ever reaches it.</summary>
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

    /// <summary>The same for what has to be asked for.</summary>
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
