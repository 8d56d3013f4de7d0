namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// Where one loop receives, for all of its connections. The same bytes are used again and again, unless handling what was received has to
/// wait: then those few are left to it, and the next input goes behind them. For the loop's thread.
/// </summary>
internal sealed class ReceiveBuffer
{
    /// <summary>Below the 85,000 bytes from which on arrays are collected with the oldest generation alone.</summary>
    private const int BlockBytes = 64 * 1024;

    /// <summary>What a read should have room for; with less left, another block is begun.</summary>
    private const int LeastBytes = 16 * 1024;

    private Memory<byte> _free = NewBlock();

    /// <summary>For the next read.</summary>
    public Memory<byte> Free => _free;

    /// <summary>
    /// Leaves the first bytes of <see cref="Free"/> to those who use them. A block is garbage when nobody uses any of it.
    /// </summary>
    public void Keep(int bytes)
    {
        // In whole words, as masks are applied.
        int taken = Math.Min((bytes + 7) & ~7, _free.Length);
        _free = _free.Length - taken < LeastBytes ? NewBlock() : _free[taken..];
    }

    private static Memory<byte> NewBlock() => GC.AllocateUninitializedArray<byte>(BlockBytes);
}
