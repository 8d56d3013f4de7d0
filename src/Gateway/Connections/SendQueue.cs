using System.Collections.Concurrent;

namespace Gateway.Connections;

/// <summary>
/// Safe for any thread. Where outboxes wait to be sent by one thread-pool work item. A fan-out only writes; the sends, which are
/// nearly all of its cost, run here beside it, and what is written to an outbox meanwhile leaves with the same send.
/// </summary>
internal sealed class SendQueue : IThreadPoolWorkItem
{
    private readonly ConcurrentQueue<Outbox> _outboxes = new();
    private int _isSending;

    public void Add(Outbox outbox)
    {
        _outboxes.Enqueue(outbox);
        if (Interlocked.CompareExchange(ref _isSending, 1, 0) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Sends what is waiting on the caller's thread too.</summary>
    public void Help()
    {
        while (_outboxes.TryDequeue(out var outbox))
            outbox.SendScheduled();
    }

    void IThreadPoolWorkItem.Execute()
    {
        while (true)
        {
            Help();
            // A full fence between giving up and looking once more: Add enqueues before it looks at the flag, so one of the two sees the other.
            Interlocked.Exchange(ref _isSending, 0);
            if (_outboxes.IsEmpty || Interlocked.Exchange(ref _isSending, 1) == 1)
                return;
        }
    }
}
