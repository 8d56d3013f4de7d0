using System.Collections.Concurrent;

namespace Gateway.Server.Connections;

/// <summary>
/// What others want done for a connection's client, in turn with the client's own messages. Added from any thread, taken by the read loop.
/// </summary>
internal sealed class PostedWork
{
    /// <summary>Waiting at a time. A client whose read loop is that far behind is not helped by more.</summary>
    private const int MaxPosted = 64;

    private readonly ConcurrentQueue<(Func<IClientSession, ValueTask<bool>> Work, TaskCompletionSource<bool> Result)> _waiting = new();

    public bool IsEmpty => _waiting.IsEmpty;

    /// <returns>The work's result; canceled where too much waits already.</returns>
    public Task<bool> AddAsync(Func<IClientSession, ValueTask<bool>> work)
    {
        if (_waiting.Count >= MaxPosted)
            return Task.FromCanceled<bool>(new CancellationToken(canceled: true));
        var result = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue((work, result));
        return result.Task;
    }

    /// <summary>Begins all that waits, and waits itself only for room.</summary>
    public async ValueTask DoAsync(Connection connection)
    {
        while (_waiting.TryDequeue(out var posted))
        {
            _ = CompleteAsync(connection, posted.Work, posted.Result);
            await connection.Client!.WaitForCapacityAsync().ConfigureAwait(false);
        }
    }

    private static async Task CompleteAsync(
        Connection connection, Func<IClientSession, ValueTask<bool>> work, TaskCompletionSource<bool> result)
    {
        try
        {
            result.SetResult(!connection.IsClosing && await work(connection.Client!).ConfigureAwait(false));
        }
        catch (Exception failure)
        {
            result.SetResult(false);
            connection.Fail(failure);
        }
    }
}
