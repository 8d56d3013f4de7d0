using System.Collections.Concurrent;

namespace Gateway.Server.Connections;

/// <content>What others want done by the read loop, in turn with the client's own messages.</content>
internal sealed partial class Connection
{
    /// <summary>Waiting at a time. A client whose read loop is that far behind is not helped by more.</summary>
    private const int MaxPosted = 64;

    /// <summary>Null until somebody wants something, which for most connections never happens.</summary>
    private ConcurrentQueue<(Func<IClientSession, ValueTask<bool>> Work, TaskCompletionSource<bool> Result)>? _posted;

    /// <summary>Who is behind it; null where nobody signs in.</summary>
    public IClientSession? Client => _handler.Client;

    /// <summary>
    /// Has the read loop begin something for the client; canceled when it has too much to do. Where the connection is about to end, the
    /// task may never complete: wait with a deadline.
    /// </summary>
    public Task<bool> PostAsync(Func<IClientSession, ValueTask<bool>> work)
    {
        if (_posted is null)
            Interlocked.CompareExchange(ref _posted, new(), null);
        if (IsClosing)
            return Task.FromResult(false);
        if (_posted.Count >= MaxPosted)
            return Task.FromCanceled<bool>(new CancellationToken(canceled: true));
        var result = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _posted.Enqueue((work, result));
        _transport.Transport.Input.CancelPendingRead();
        return result.Task;
    }

    private async ValueTask DoPostedAsync()
    {
        while (_posted!.TryDequeue(out var posted))
        {
            _ = CompleteAsync(posted.Work, posted.Result);
            await Client!.WaitForCapacityAsync();
        }
    }

    private async Task CompleteAsync(Func<IClientSession, ValueTask<bool>> work, TaskCompletionSource<bool> result)
    {
        try
        {
            result.SetResult(!IsClosing && await work(Client!));
        }
        catch (Exception failure)
        {
            result.SetResult(false);
            Fail(failure);
        }
    }
}
