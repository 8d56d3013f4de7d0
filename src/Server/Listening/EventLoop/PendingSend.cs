using System.Threading.Tasks.Sources;

namespace Gateway.Server.Listening.EventLoop;

/// <summary>
/// What a full socket did not take, and the wait for it. A connection has one only while it waits; a thread keeps one for its next wait.
/// </summary>
internal sealed class PendingSend : IValueTaskSource<bool>
{
    [ThreadStatic]
    private static PendingSend? _spare;

    private ManualResetValueTaskSourceCore<bool> _source;

    public ReadOnlyMemory<byte> Rest { get; set; }

    public ValueTask<bool> Task => new(this, _source.Version);

    public static PendingSend Rent(ReadOnlyMemory<byte> rest)
    {
        var pending = _spare ?? new PendingSend();
        _spare = null;
        pending.Rest = rest;
        return pending;
    }

    /// <param name="isSent">Whether all was sent; otherwise the connection is gone.</param>
    public void Complete(bool isSent)
    {
        Rest = default;
        _source.SetResult(isSent);
    }

    bool IValueTaskSource<bool>.GetResult(short token)
    {
        bool isSent = _source.GetResult(token);
        _source.Reset();
        _spare = this;
        return isSent;
    }

    ValueTaskSourceStatus IValueTaskSource<bool>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<bool>.OnCompleted(
        Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);
}
