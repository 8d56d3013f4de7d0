using Gateway.Chaos.Tests.Run;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Faults;

/// <summary>What happens to the network between one node and Redis. For one thread.</summary>
internal sealed class LinkFaults(ChaosScene scene, Random random)
{
    public IEnumerable<Fault> All =>
    [
        new("link cut", CutAsync),
        new("link refused", RefuseAsync),
        new("link delay", DelayAsync),
        new("link half open", () => SwallowAsync("all", node => node.Redis.Swallow())),
        new("link half open, pub/sub alone", () => SwallowAsync("pub/sub", node => node.Redis.SwallowSubscribed())),
        new("link half open, commands alone", () => SwallowAsync("commands", node => node.Redis.SwallowUnsubscribed())),
    ];

    private NodeSlot Any => scene.Nodes[random.Next(scene.Nodes.Count)];

    private Task CutAsync()
    {
        var node = Any;
        scene.Faults.Begin($"link cut {node.Name}");
        node.Redis.Cut();
        return PauseAsync(0, 500);
    }

    private async Task RefuseAsync()
    {
        var node = Any;
        scene.Faults.Begin($"link refused {node.Name}");
        node.Redis.Refuse();
        node.Redis.Cut();
        await PauseAsync(200, 4000);
        node.Redis.Resume();
        scene.Faults.Note($"link of {node.Name} as before");
    }

    private async Task DelayAsync()
    {
        var (node, delay) = (Any, random.Next(5, 150));
        scene.Faults.Begin($"link delay {node.Name} by {delay} ms");
        node.Redis.Delay(TimeSpan.FromMilliseconds(delay));
        await PauseAsync(500, 4000);
        node.Redis.Resume();
        scene.Faults.Note($"link of {node.Name} as before");
    }

    /// <summary>What is open stays dead for good: the node has to notice.</summary>
    private async Task SwallowAsync(string what, Action<NodeSlot> swallow)
    {
        var node = Any;
        scene.Faults.Begin($"link half open {node.Name}, {what}");
        swallow(node);
        await PauseAsync(200, 3000);
        node.Redis.Resume();
        scene.Faults.Note($"new links of {node.Name} as before");
        // So that a node is not always saved by the next fault's end of its connections.
        await PauseAsync(0, 6000);
    }

    private Task PauseAsync(int least, int most) => Task.Delay(random.Next(least, most));
}
