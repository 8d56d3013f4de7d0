using System.Net;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>Two gateways, <c>edge-1</c> and <c>edge-2</c>, that share a Redis, and the proxy in front of them. For one test.</summary>
internal sealed class TwoGateways : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _running = new();
    private readonly string[][] _settings = new string[2][];
    private int _visitors = 1;

    private TwoGateways(TestCertificate certificate) => Certificate = certificate;

    /// <summary>The proxy's own, where TLS ends there.</summary>
    public TestCertificate Certificate { get; }

    public GatewayProcess[] Nodes { get; } = new GatewayProcess[2];

    public EdgeProxy Proxy { get; private set; } = null!;

    /// <param name="proxy">Makes the proxy.</param>
    /// <param name="idle">Its idle timeouts.</param>
    /// <param name="redis">Where each gateway finds its Redis; null for a new one.</param>
    /// <param name="settings">Of both gateways.</param>
    public static async Task<TwoGateways> StartAsync(
        Func<EdgePlan, EdgeProxy> proxy, string idle = "1m", string[]? redis = null, params string[] settings)
    {
        var edge = new TwoGateways(new TestCertificate());
        try
        {
            if (redis is null)
            {
                var server = edge.Add(await RedisServer.StartAsync());
                redis = [server.Address, server.Address];
            }
            for (int i = 0; i < 2; i++)
            {
                edge._settings[i] =
                [
                    $"Node=edge-{i + 1}", $"Public=http://127.0.0.1:{LoopbackPorts.Next()}", "Redis:Addresses=" + redis[i],
                    "Proxy:Trusted=127.0.0.1",
                    .. AnonymousAccess.Settings, "Namespaces:log:History=1000", "Drain:Duration=01:00:00", .. settings,
                ];
            }
            await Task.WhenAll(edge.StartNodeAsync(0), edge.StartNodeAsync(1));
            edge.Proxy = edge.Add(proxy(new EdgePlan([.. edge.Nodes.Select(node => node.PublicPort)], edge.Certificate, idle)));
            await edge.Proxy.StartAsync();
            return edge;
        }
        catch
        {
            await edge.DisposeAsync();
            throw;
        }
    }

    /// <summary>A machine with an address that none had before.</summary>
    public Visitor NewVisitor() => new($"127.0.0.{Interlocked.Increment(ref _visitors)}", Certificate);

    /// <summary>New machines, until there is one at each node by some way in.</summary>
    /// <returns>One whose clients come to <c>edge-1</c>, and one whose clients come to <c>edge-2</c>.</returns>
    public async Task<(Visitor First, Visitor Second)> OneAtEachAsync(int port)
    {
        var found = new Dictionary<string, Visitor>();
        // All of these at one node would be a chance of one in 2^59.
        for (int tries = 0; tries < 60 && found.Count < 2; tries++)
        {
            var visitor = NewVisitor();
            if (!found.TryAdd(await visitor.NodeAsync(port), visitor))
                visitor.Dispose();
        }
        return (found["edge-1"], found["edge-2"]);
    }

    /// <summary>Waits until a node says that it is ready.</summary>
    public Task ReadyAsync(int node, bool ready = true) => Eventually.TrueAsync(async () =>
    {
        using var http = new HttpClient();
        using var answer = await http.GetAsync(new Uri($"http://127.0.0.1:{Nodes[node].InternalPort}/health/ready"));
        return answer.StatusCode == HttpStatusCode.OK == ready;
    }, $"edge-{node + 1} is {(ready ? "" : "not ")}ready");

    /// <summary>Stops a node as an upgrade does, and starts it in the same place.</summary>
    public async Task RestartAsync(int node)
    {
        Nodes[node].Terminate();
        Assert.Equal(0, await Nodes[node].ExitAsync());
        await StartNodeAsync(node);
    }

    private async Task StartNodeAsync(int node)
    {
        Nodes[node] = Add(await GatewayProcess.StartAsync(_settings[node]));
        await ReadyAsync(node);
    }

    private T Add<T>(T started)
        where T : IAsyncDisposable
    {
        lock (_running)
            _running.Push(started);
        return started;
    }

    public async ValueTask DisposeAsync()
    {
        while (_running.TryPop(out var started))
            await started.DisposeAsync();
        Certificate.Dispose();
    }
}
