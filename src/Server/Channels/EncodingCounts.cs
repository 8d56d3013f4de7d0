namespace Gateway.Server.Channels;

/// <summary>
/// How many active subscriptions of a channel have which encoding, by its <see cref="FrameEncoding.Source"/>. A field of its channel,
/// guarded by the channel's lock. One encoding, the rule, needs no count: all subscriptions have it.
/// </summary>
internal struct EncodingCounts
{
    private FrameEncoding? _first;
    private Dictionary<FrameEncoding, int>? _others;

    /// <summary>The encoding of all subscriptions; null where there are several.</summary>
    public readonly FrameEncoding? Only => _others is { Count: > 0 } ? null : _first;

    /// <param name="encoding">Of a subscription that becomes active.</param>
    /// <param name="before">Active subscriptions without it.</param>
    public void Add(FrameEncoding encoding, int before)
    {
        if (before == 0)
            _first = encoding;
        if (encoding == _first)
            return;
        _others ??= [];
        _others[encoding] = _others.GetValueOrDefault(encoding) + 1;
    }

    /// <param name="encoding">Of a subscription that was active.</param>
    /// <param name="left">Active subscriptions without it.</param>
    public void Remove(FrameEncoding encoding, int left)
    {
        if (_others is not { Count: > 0 } others)
            return;
        if (encoding != _first)
        {
            if (--others[encoding] == 0)
                others.Remove(encoding);
        }
        else if (others.Values.Sum() == left)
        {
            // That was the last of the first encoding: another takes its place.
            _first = others.Keys.First();
            others.Remove(_first);
        }
    }
}
