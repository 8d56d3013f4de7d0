namespace Gateway.Server.Connections;

/// <summary>
/// Its two buckets; what is taken is taken from both or from neither. Not thread-safe and not to be copied: a field of what sends, a
/// connection or an address.
/// </summary>
internal struct RateMeter(RateLimits limits, long now)
{
    private TokenBucket _messages = new(limits.Messages, now);
    private TokenBucket _bytes = new(limits.Bytes, now);

    /// <param name="limits">The same as at construction.</param>
    /// <param name="bytes">What one message takes.</param>
    /// <param name="now">On <see cref="RateLimits.Now"/>.</param>
    /// <param name="wait">Ticks until there would be enough; 0 when there was.</param>
    public bool TryTake(RateLimits limits, long bytes, long now, out long wait)
    {
        wait = 0;
        var (messageRate, byteRate) = (limits.Messages, limits.Bytes);
        // A message cut into many fragments may come with more header bytes than the bucket holds; it costs a full one.
        bytes = Math.Min(bytes, byteRate.Burst);
        bool hasMessage = messageRate.IsUnlimited || _messages.Has(messageRate, 1, now);
        bool hasBytes = byteRate.IsUnlimited || _bytes.Has(byteRate, bytes, now);
        if (hasMessage && hasBytes)
        {
            if (!messageRate.IsUnlimited)
                _messages.Take(messageRate, 1);
            if (!byteRate.IsUnlimited)
                _bytes.Take(byteRate, bytes);
            return true;
        }
        wait = TicksUntil(limits, bytes);
        return false;
    }

    /// <summary>Takes the bytes of a message that was refused, whether they are there or not: they have been read.</summary>
    /// <param name="limits">The same as at construction.</param>
    /// <param name="bytes">All it came in.</param>
    /// <param name="now">On <see cref="RateLimits.Now"/>.</param>
    /// <returns>Ticks until one like it would be let through.</returns>
    public long Charge(RateLimits limits, long bytes, long now)
    {
        if (!limits.Bytes.IsUnlimited)
            _bytes.Charge(limits.Bytes, bytes, now);
        return TicksUntil(limits, Math.Min(bytes, limits.Bytes.Burst));
    }

    /// <summary>Takes messages that were let through elsewhere, whether they are there or not.</summary>
    /// <param name="limits">The same as at construction; messages are limited.</param>
    /// <param name="count">How many.</param>
    /// <param name="now">On <see cref="RateLimits.Now"/>.</param>
    /// <param name="most">What may be owed; the rest is forgiven.</param>
    public void ChargeMessages(RateLimits limits, int count, long now, long most) => _messages.Charge(limits.Messages, count, now, most);

    /// <summary>Where something that was charged is not paid for, ticks until it is and so many bytes are there; otherwise 0.</summary>
    public long Debt(RateLimits limits, long bytes, long now) =>
        limits.Bytes.IsUnlimited || _bytes.Has(limits.Bytes, 0, now)
            ? 0
            : _bytes.TicksUntil(limits.Bytes, Math.Min(bytes, limits.Bytes.Burst));

    private readonly long TicksUntil(RateLimits limits, long bytes) => Math.Max(
        limits.Messages.IsUnlimited ? 0 : _messages.TicksUntil(limits.Messages, 1),
        limits.Bytes.IsUnlimited ? 0 : _bytes.TicksUntil(limits.Bytes, bytes));

    /// <summary>Whether it is as good as a new one.</summary>
    public bool IsFull(RateLimits limits, long now) =>
        (limits.Messages.IsUnlimited || _messages.IsFull(limits.Messages, now))
        && (limits.Bytes.IsUnlimited || _bytes.IsFull(limits.Bytes, now));
}
