using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Run;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Faults;

/// <summary>What happens to a node's process, and to the network between it and its clients. For one thread.</summary>
internal sealed class NodeFaults(ChaosScene scene, Random random)
{
    /// <summary>For a machine that has others to serve.</summary>
    private static readonly TimeSpan DrainSlack = TimeSpan.FromSeconds(1);

    public IEnumerable<Fault> All =>
    [
        new("node kill", KillAsync),
        new("node stop", StopAsync),
        new("node drain", DrainAsync),
        new("clients cut", CutAsync),
        new("clients delay", DelayAsync),
        new("clients half open", SwallowAsync),
    ];

    private NodeSlot Any => scene.Nodes[random.Next(scene.Nodes.Count)];

    private async Task KillAsync()
    {
        var node = Any;
        scene.Faults.Begin($"node kill {node.Name}");
        await node.KillAsync();
        await PauseAsync(100, 2500);
        await node.StartAsync();
        scene.Faults.Note($"node {node.Name} is back");
    }

    private async Task StopAsync()
    {
        var node = Any;
        scene.Faults.Begin($"node stop {node.Name}");
        node.Stop();
        await PauseAsync(300, 5000);
        node.Continue();
        scene.Faults.Note($"node {node.Name} runs again");
    }

    private async Task DrainAsync()
    {
        var node = Any;
        scene.Faults.Begin($"node drain {node.Name}");
        long began = scene.Clock.Now;
        var took = await node.DrainAsync();
        scene.Faults.Note($"node {node.Name} has ended after {took.TotalSeconds:0.0} s");
        if (took > ChaosSettings.Drain + DrainSlack + TimeSpan.FromMilliseconds(scene.Busyness.Late(began, scene.Clock.Now)))
        {
            scene.Problems.Add(
                ProblemKind.LateDrain,
                node.Name,
                $"{node.Name} took {took.TotalSeconds:0.0} s for a drain of {ChaosSettings.Drain.TotalSeconds} s");
        }
        await PauseAsync(0, 1000);
        await node.StartAsync();
        scene.Faults.Note($"node {node.Name} is back");
    }

    private async Task CutAsync()
    {
        var node = Any;
        scene.Faults.Begin($"clients cut {node.Name}");
        node.Clients.Cut();
        await PauseAsync(0, 300);
        node.Clients.Cut();
    }

    private async Task DelayAsync()
    {
        var (node, delay) = (Any, random.Next(20, 300));
        scene.Faults.Begin($"clients delay {node.Name} by {delay} ms");
        node.Disturbances.Begin(Disturbance.Delayed);
        node.Clients.Delay(TimeSpan.FromMilliseconds(delay));
        await PauseAsync(500, 3000);
        node.Clients.Resume();
        // What was on its way arrives with the delay it began with.
        await Task.Delay(2 * delay);
        node.Disturbances.End(Disturbance.Delayed);
        scene.Faults.Note($"clients of {node.Name} as before");
    }

    private async Task SwallowAsync()
    {
        var node = Any;
        scene.Faults.Begin($"clients half open {node.Name}");
        node.Disturbances.Begin(Disturbance.Swallowed);
        node.Clients.Swallow();
        await PauseAsync(200, 2000);
        node.Clients.Resume();
        node.Disturbances.End(Disturbance.Swallowed);
        scene.Faults.Note($"new clients of {node.Name} as before");
    }

    private Task PauseAsync(int least, int most) => Task.Delay(random.Next(least, most));
}
