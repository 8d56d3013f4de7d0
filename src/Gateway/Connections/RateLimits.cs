using Gateway.Options;

namespace Gateway.Connections;

/// <summary>Immutable, shared by all connections. What each may send, and the clock that is measured by.</summary>
internal sealed class RateLimits
{
    /// <summary>What a bucket can count to; no connection is faster, so a higher rate is none.</summary>
    private const long Most = 1L << 32;

    private readonly TimeProvider _time;

    public RateLimits(GatewayOptions options, TimeProvider time)
    {
        _time = time;
        var limits = options.Limits;
        Messages = Rate(limits.MessagesPerSecond, limits.MessageBurst);
        Bytes = Rate(limits.BytesPerSecond, limits.ByteBurst);
        Action = limits.RateAction;
        IsUnlimited = Messages.IsUnlimited && Bytes.IsUnlimited;
    }

    public TokenRate Messages { get; }

    public TokenRate Bytes { get; }

    public RateAction Action { get; }

    public bool IsUnlimited { get; }

    /// <summary>Ticks of a clock that never goes back. 0 where nothing is limited, which saves reading it.</summary>
    public long Now => IsUnlimited ? 0 : _time.GetTimestamp();

    private TokenRate Rate(long perSecond, long burst) => new(perSecond > Most ? 0 : perSecond, Math.Min(burst, Most), _time.TimestampFrequency);

    /// <summary>Rounded up: who comes back then finds the tokens.</summary>
    public long Milliseconds(long ticks) => (long)Math.Ceiling(ticks * 1000.0 / _time.TimestampFrequency);
}
