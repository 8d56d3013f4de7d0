namespace Gateway.Server.Connections;

/// <summary>
/// A token bucket in whole numbers: one token is as many parts as the clock has ticks a second, and each tick adds as many parts as the
/// rate has tokens a second. Nothing is ever rounded, so over any time exactly the burst and the rate times the time can be taken. Not
/// thread-safe and not to be copied: a field of what it limits.
/// </summary>
internal struct TokenBucket
{
    private long _level;
    private long _filled;

    public TokenBucket(in TokenRate rate, long now)
    {
        _level = rate.Capacity;
        _filled = now;
    }

    /// <summary>Takes tokens, if so many are there. More than the burst are never there.</summary>
    public bool TryTake(in TokenRate rate, long tokens, long now)
    {
        if (!Has(rate, tokens, now))
            return false;
        Take(rate, tokens);
        return true;
    }

    public bool Has(in TokenRate rate, long tokens, long now)
    {
        Fill(rate, now);
        return _level >= tokens * rate.Frequency;
    }

    /// <summary>Takes tokens that are there.</summary>
    public void Take(in TokenRate rate, long tokens) => _level -= tokens * rate.Frequency;

    /// <summary>Takes tokens, whether they are there or not. What is missing is a debt, which is paid before there are any again.</summary>
    public void Charge(in TokenRate rate, long tokens, long now)
    {
        Fill(rate, now);
        _level = Math.Max(_level - (tokens * rate.Frequency), -rate.MaxDebt);
    }

    /// <summary>The same, with a debt of its own: what is beyond it is forgiven.</summary>
    public void Charge(in TokenRate rate, long tokens, long now, long mostDebt)
    {
        Fill(rate, now);
        // A bucket that owes more already keeps what it owes.
        _level = Math.Min(_level, Math.Max(_level - (tokens * rate.Frequency), -mostDebt * rate.Frequency));
    }

    /// <summary>Ticks from the last look on until so many tokens are there: not one earlier.</summary>
    public readonly long TicksUntil(in TokenRate rate, long tokens)
    {
        long missing = (tokens * rate.Frequency) - _level;
        return missing <= 0 ? 0 : ((missing - 1) / rate.PerSecond) + 1;
    }

    /// <summary>Whether it is as good as a new one.</summary>
    public bool IsFull(in TokenRate rate, long now)
    {
        Fill(rate, now);
        return _level == rate.Capacity;
    }

    private void Fill(in TokenRate rate, long now)
    {
        long passed = now - _filled;
        if (passed <= 0)
            return;
        _filled = now;
        // Divided, because the product of a long time and a high rate does not fit.
        long missing = rate.Capacity - _level;
        _level = passed > missing / rate.PerSecond ? rate.Capacity : _level + (passed * rate.PerSecond);
    }
}
