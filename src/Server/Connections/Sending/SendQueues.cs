using Gateway.Server.Options;

namespace Gateway.Server.Connections.Sending;

/// <summary>Safe for any thread. The node's send queues, dealt to connections in turn.</summary>
internal sealed class SendQueues(GatewayOptions options)
{
    private readonly SendQueue[] _queues = [.. Enumerable.Range(0, options.SendQueues).Select(_ => new SendQueue())];
    private uint _next;

    public SendQueue Next() => _queues[Interlocked.Increment(ref _next) % (uint)_queues.Length];
}
