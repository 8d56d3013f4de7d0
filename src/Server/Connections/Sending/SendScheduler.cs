using System.Collections.Concurrent;
using Gateway.Server.Channels;
using Gateway.Server.Metrics;

namespace Gateway.Server.Connections.Sending;

/// <summary>
/// Where writers wait to be sent by one thread at a time. A fan-out only writes; the sends, which are nearly all of its cost, come after it
/// or run beside it, and what is written to a writer meanwhile leaves with the same send. Safe for any thread.
/// </summary>
internal sealed class SendScheduler(GatewayMetrics metrics) : ScheduledSends
{
    /// <summary>
    /// Sends after which a thread that takes turns does something else: it receives meanwhile, and what it receives makes the batches of
    /// those whose turn is still to come. With 256, messages of which 16 are in flight took a quarter more CPU time each, with all at once
    /// a half.
    /// </summary>
    private const int SendsPerTurn = 32;

    private readonly ConcurrentQueue<FrameSender> _writers = new();
    private int _isSending;

    /// <summary>Where sends are counted. Held for the writers, so that an idle connection does not.</summary>
    public GatewayMetrics Metrics => metrics;

    public void Add(FrameSender writer)
    {
        if (TryBegin(writer))
            WorkQueue.Add(this);
    }

    /// <summary>For a fan-out, which sees to it that <paramref name="sends"/> are done.</summary>
    public void Add(FrameSender writer, ref ScheduledSends? sends)
    {
        if (TryBegin(writer))
            LinkTo(ref sends);
    }

    /// <summary>Sends what is waiting on the caller's thread too.</summary>
    public void Help()
    {
        while (_writers.TryDequeue(out var writer))
            writer.SendScheduled();
    }

    public override void Execute()
    {
        int left = WorkQueue.TakesTurns ? SendsPerTurn : int.MaxValue;
        do
        {
            for (; left > 0 && _writers.TryDequeue(out var writer); left--)
                writer.SendScheduled();
            if (left == 0)
            {
                WorkQueue.Add(this);
                return;
            }
            // A full fence between giving up and looking once more: Add enqueues before it looks at the flag, so one of the two sees the
            // other.
            Interlocked.Exchange(ref _isSending, 0);
        }
        while (!_writers.IsEmpty && Interlocked.Exchange(ref _isSending, 1) == 0);
    }

    /// <returns>Whether nobody is at it, and the caller has to see to it that somebody is.</returns>
    private bool TryBegin(FrameSender writer)
    {
        _writers.Enqueue(writer);
        return Interlocked.CompareExchange(ref _isSending, 1, 0) == 0;
    }
}
