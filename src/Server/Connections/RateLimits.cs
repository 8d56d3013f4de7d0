using Gateway.Server.Options;

namespace Gateway.Server.Connections;

/// <summary>What each connection may send, and the clock that is measured by. Immutable, shared by all it holds for.</summary>
internal sealed class RateLimits
{
    private readonly TimeProvider _time;

    public RateLimits(GatewayOptions options, TimeProvider time)
        : this(options.Limits, time)
    {
    }

    public RateLimits(LimitsOptions limits, TimeProvider time)
    {
        _time = time;
        Messages = TokenRate.Of(limits.MessagesPerSecond, limits.MessageBurst, time.TimestampFrequency);
        Bytes = TokenRate.Of(limits.BytesPerSecond, limits.ByteBurst, time.TimestampFrequency);
        Action = limits.RateAction;
        IsUnlimited = Messages.IsUnlimited && Bytes.IsUnlimited;
    }

    public TokenRate Messages { get; }

    public TokenRate Bytes { get; }

    public RateAction Action { get; }

    public bool IsUnlimited { get; }

    /// <summary>Ticks of a clock that never goes back. 0 where nothing is limited, which saves reading it.</summary>
    public long Now => IsUnlimited ? 0 : _time.GetTimestamp();

    /// <summary>Rounded up: who comes back then finds the tokens.</summary>
    public TimeSpan Time(long ticks) => TimeSpan.FromMilliseconds(Milliseconds(ticks));

    /// <summary>The same in milliseconds.</summary>
    public long Milliseconds(long ticks) => (long)Math.Ceiling(ticks * 1000.0 / _time.TimestampFrequency);
}
