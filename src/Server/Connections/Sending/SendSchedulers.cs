using Gateway.Server.Metrics;
using Gateway.Server.Options;

namespace Gateway.Server.Connections.Sending;

/// <summary>The node's send queues, dealt to connections in turn. Safe for any thread.</summary>
internal sealed class SendSchedulers(GatewayOptions options, GatewayMetrics metrics)
{
    private readonly SendScheduler[] _queues = [.. Enumerable.Range(0, options.SendQueues).Select(_ => new SendScheduler(metrics))];
    private uint _next;

    public SendScheduler Next() => _queues[Interlocked.Increment(ref _next) % (uint)_queues.Length];
}
