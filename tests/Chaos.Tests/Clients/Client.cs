using System.Text.Json;
using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Run;

namespace Gateway.Chaos.Tests.Clients;

/// <summary>
/// A user with one connection at a time, to whichever node takes it. What derives from it is called by one thread at a time.
/// </summary>
internal abstract class Client(ChaosScene scene, string name, int number) : IConnectionUser
{
    /// <summary>Documented are up to 20 s; who waits so long sees little of a short run.</summary>
    private const int MaxWaitMilliseconds = 1500;

    private volatile bool _isConnected;
    private int _node = number;
    private int _failures;

    public string Name => name;

    public bool IsConnected => _isConnected;

    protected ChaosScene Scene => scene;

    protected int Number { get; } = number;

    protected Random Random { get; } = new(scene.Seed * 1000 + number);

    /// <summary>How long it stays away before it comes back after the connection that is ending.</summary>
    protected TimeSpan Absence { get; set; }

    protected abstract TimeSpan TickInterval { get; }

    public async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            long began = scene.Clock.Now;
            await ClientConnection.RunAsync(scene, name, scene.Nodes[_node++ % scene.Nodes.Count], this, TickInterval, stopping);
            _failures = scene.Clock.Now - began > 5000 ? 0 : _failures + 1;
            int wait = Random.Next(Math.Min(MaxWaitMilliseconds, 50 << Math.Min(_failures, 6)));
            await WaitAsync(Absence + TimeSpan.FromMilliseconds(wait), stopping);
            Absence = TimeSpan.Zero;
        }
    }

    public void Hear(ClientConnection connection, string type, JsonElement message)
    {
        switch (type)
        {
            case "connected":
                _isConnected = true;
                Connected(connection);
                break;
            case "disconnect":
                // The end follows.
                break;
            default:
                Heard(connection, type, message);
                break;
        }
    }

    public void Tick(ClientConnection connection)
    {
        if (_isConnected)
            Ticked(connection);
    }

    public void Gone(ClientConnection connection)
    {
        _isConnected = false;
        Lost();
    }

    protected abstract void Connected(ClientConnection connection);

    protected abstract void Heard(ClientConnection connection, string type, JsonElement message);

    protected abstract void Ticked(ClientConnection connection);

    protected abstract void Lost();

    protected void Unexpected(string type, JsonElement message) =>
        scene.Problems.Add(ProblemKind.Protocol, type, $"{name} heard, and knows no reason for it, {type}: {message.GetRawText()}");

    private static async Task WaitAsync(TimeSpan time, CancellationToken stopping)
    {
        try
        {
            await Task.Delay(time, stopping);
        }
        catch (OperationCanceledException)
        {
            // The run is over.
        }
    }
}
