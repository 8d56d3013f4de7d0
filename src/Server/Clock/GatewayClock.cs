using Gateway.Server.Options;

namespace Gateway.Server.Clock;

/// <summary>
/// The one clock of the node: a single timer that visits everything with a deadline. Any thread may read it; the host runs it. A
/// connection has no timer, registration or token of its own: it notes the coarse <see cref="Now"/> and is visited when its time has come.
/// </summary>
internal sealed partial class GatewayClock : BackgroundService
{
    private static readonly TimeSpan Finest = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Coarsest = TimeSpan.FromSeconds(1);

    private readonly TimeProvider _time;
    private readonly ILogger<GatewayClock> _log;
    private readonly long _start;
    private readonly TickHandlers _handlers;
    private long _now;
    private long _unixSeconds;

    public GatewayClock(GatewayOptions options, TimeProvider time, TickHandlers handlers, ILogger<GatewayClock> log)
    {
        _time = time;
        _handlers = handlers;
        _log = log;
        _start = time.GetTimestamp();
        _unixSeconds = time.GetUtcNow().ToUnixTimeSeconds();
        Period = PeriodFor(options);
    }

    /// <summary>
    /// The time between two ticks, by which any deadline may be late: a tenth of the shortest configured one, at most a second.
    /// </summary>
    public TimeSpan Period { get; }

    /// <summary>Milliseconds since the start, as of the last tick: a plain read, cheap enough for every message.</summary>
    public long Now => Volatile.Read(ref _now);

    /// <summary>The date as of the last tick, as tokens have it: unlike <see cref="Now"/>, it follows a clock that is set.</summary>
    public long UnixSeconds => Volatile.Read(ref _unixSeconds);

    /// <summary>Everything that is visited is made before the first tick, so that a failure to make it stops the start.</summary>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        _ = _handlers.All;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Period, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken).ConfigureAwait(false))
                Tick();
        }
        catch (OperationCanceledException)
        {
            // The host stops.
        }
    }

    /// <summary>Visits everything. Called by the timer; without it, where no time passes by itself.</summary>
    internal void Tick()
    {
        long now = (long)_time.GetElapsedTime(_start).TotalMilliseconds;
        Volatile.Write(ref _now, now);
        Volatile.Write(ref _unixSeconds, _time.GetUtcNow().ToUnixTimeSeconds());
        foreach (var handler in _handlers.All)
        {
            try
            {
                handler.OnTick(now);
            }
            catch (Exception failure)
            {
                // A fault in one must not stop the clock of all others.
                LogFailure(failure, handler.GetType().Name);
            }
        }
    }

    private static TimeSpan PeriodFor(GatewayOptions options)
    {
        var (heartbeat, limits) = (options.Heartbeat, options.Limits);
        var shortest = new[] { heartbeat.Ping, heartbeat.PongTimeout, limits.Handshake, limits.IdleHttp, options.Auth.Timeout }.Min() / 10;
        return shortest < Finest ? Finest : shortest > Coarsest ? Coarsest : shortest;
    }

    [LoggerMessage(1, LogLevel.Error, "The tick of {Handler} failed.")]
    private partial void LogFailure(Exception failure, string handler);
}
