using System.Text;
using Gateway.Server.Audit;
using Gateway.Server.Channels;
using Gateway.Server.Clock;
using Gateway.Server.Connections;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Health;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Cluster;

/// <summary>This node as it carries out the requests that the API sends to every node. Safe for any thread.</summary>
internal sealed class LocalNode(
    GatewayOptions options, ConnectionTable connections, ChannelTable channels, Namespaces namespaces, Readiness readiness,
    INodeMetrics metrics, RecentEvents recent, GatewayClock clock, TimeProvider time)
{
    /// <summary>Shorter than the asking node waits, so that the answer names a connection that did not react in time.</summary>
    private static readonly TimeSpan ConnectionTimeout = TimeSpan.FromMilliseconds(700);

    private readonly long _started = time.GetUtcNow().ToUnixTimeMilliseconds();

    public NodeSummary Summary(string id) => new(
        id, options.Node, options.Public?.ToString() ?? "", typeof(LocalNode).Assembly.GetName().Version!.ToString(3), _started,
        connections.Count, channels.Count, channels.SubscriptionCount, readiness.Problem);

    public async ValueTask<NodeAnswer> DoAsync(NodeRequest request)
    {
        var answer = request.Action switch
        {
            NodeRequest.List => List(request),
            NodeRequest.Count => Count(request),
            NodeRequest.Look => Look(request),
            NodeRequest.Subscribe => await SubscribeAsync(request).ConfigureAwait(false),
            NodeRequest.Unsubscribe => await UnsubscribeAsync(request).ConfigureAwait(false),
            NodeRequest.Disconnect => Disconnect(request),
            NodeRequest.Stats => new NodeAnswer { Stats = Stats() },
            NodeRequest.Events => new NodeAnswer { Events = new NodeEvents(options.Node, recent.Refusals, recent.SlowConsumers) },
            _ => new NodeAnswer(),
        };
        return answer with { Node = options.Node };
    }

    private NodeStats Stats() => new(
        options.Node, _started, time.GetUtcNow().ToUnixTimeMilliseconds(), Environment.CpuUsage.TotalTime.TotalSeconds,
        Environment.WorkingSet, metrics.Read());

    private NodeAnswer List(NodeRequest request)
    {
        var (prefix, after) = (Encoding.UTF8.GetBytes(request.Prefix ?? ""), Encoding.UTF8.GetBytes(request.After ?? ""));
        var (page, more) = ChannelPage.Of(channels, prefix, after, request.Limit);
        return new NodeAnswer { Channels = page, More = more };
    }

    private NodeAnswer Count(NodeRequest request)
    {
        var channel = channels.Find(Encoding.UTF8.GetBytes(request.Channel!));
        return new NodeAnswer { Connections = channel?.SubscriberCount ?? 0 };
    }

    private NodeAnswer Look(NodeRequest request)
    {
        if (connections.Find(request.Connection!) is not { } found)
            return new NodeAnswer();
        return new NodeAnswer { Connections = 1, Connection = Describe(found) };
    }

    private async ValueTask<NodeAnswer> SubscribeAsync(NodeRequest request)
    {
        if (namespaces.TryName(Encoding.UTF8.GetBytes(request.Channel!), out _) is not { } name)
            return new NodeAnswer();
        var subscribing = await PostAsync(request, client => client.SubscribeAsync(name)).ConfigureAwait(false);
        int done = subscribing.Count(task => task is { IsCompletedSuccessfully: true, Result: true });
        return new NodeAnswer { Connections = done, Failed = subscribing.Count - done };
    }

    private async ValueTask<NodeAnswer> UnsubscribeAsync(NodeRequest request)
    {
        if (namespaces.TryName(Encoding.UTF8.GetBytes(request.Channel!), out _) is not { } name)
            return new NodeAnswer();
        var ending = await PostAsync(request, client => client.UnsubscribeAsync(name, request.Reason)).ConfigureAwait(false);
        // A connection that has no such subscription is counted neither as done nor as failed.
        return new NodeAnswer
        {
            Connections = ending.Count(task => task is { IsCompletedSuccessfully: true, Result: true }),
            Failed = ending.Count(task => !task.IsCompletedSuccessfully),
        };
    }

    /// <summary>Has every chosen connection do something, and waits for it up to the timeout.</summary>
    private async ValueTask<List<Task<bool>>> PostAsync(NodeRequest request, Func<IClientSession, ValueTask<bool>> work)
    {
        var posted = Chosen(request).Select(connection => connection.PostAsync(work)).ToList();
        await ((Task)Task.WhenAll(posted)).WaitAsync(ConnectionTimeout, time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return posted;
    }

    private NodeAnswer Disconnect(NodeRequest request)
    {
        var close = CloseRequest.Disconnected(request.Reason);
        int closed = 0;
        foreach (var connection in Chosen(request))
        {
            connection.RequestClose(close);
            closed++;
        }
        return new NodeAnswer { Connections = closed };
    }

    /// <summary>
    /// The connections that a request is about: one by its id, or all of a user, which are found by looking at every connection of the
    /// node.
    /// </summary>
    private IEnumerable<Connection> Chosen(NodeRequest request)
    {
        if (request.Connection is { } id)
            return connections.Find(id) is { Client: not null } found ? [found] : [];
        return connections.All().Where(connection => connection.Client is { } client && client.Is(request.User));
    }

    private ConnectionDetails Describe(Connection connection) => new(
        connection.Id.ToString(), options.Node, time.GetUtcNow().ToUnixTimeMilliseconds() - (clock.Now - connection.Opened),
        connection.Writer.QueuedBytes,
        connection.Client?.Channels() ?? [], connection.Client?.User, connection.Lease.Address.ToString());
}
