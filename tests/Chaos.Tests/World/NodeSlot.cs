using System.Diagnostics;
using System.Globalization;
using Gateway.Chaos.Tests.Checking;
using Gateway.TestSupport;

namespace Gateway.Chaos.Tests.World;

/// <summary>
/// A place for a node: its name, its ports, its link to Redis and the proxy its clients come through stay; the process in it comes and
/// goes. For one
/// thread at a time, but for the addresses and <see cref="Disturbances"/>.
/// </summary>
internal sealed class NodeSlot(string name, TcpProxy redis, RunClock clock) : IAsyncDisposable
{
    private readonly int _public = LoopbackPorts.Next();
    private readonly int _internal = LoopbackPorts.Next();
    private TcpProxy? _clients;
    private GatewayProcess? _process;

    public string Name => name;

    /// <summary>Between it and Redis.</summary>
    public TcpProxy Redis => redis;

    /// <summary>Between it and its clients.</summary>
    public TcpProxy Clients => _clients ??= TcpProxy.Start(_public);

    public Disturbances Disturbances { get; } = new(clock);

    public Uri WebSocket => new($"ws://127.0.0.1:{Clients.Port}/ws");

    /// <summary>What its process has printed, and those in its place before.</summary>
    public string Output { get; private set; } = "";

    public Uri Internal(string path) => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_internal}{path}"));

    /// <summary>Starts a process, and waits until it serves.</summary>
    public async Task StartAsync()
    {
        _process = await GatewayProcess.StartAsync(new GatewayLaunch
        {
            Development = false,
            Settings =
            [
                string.Create(CultureInfo.InvariantCulture, $"Public=http://127.0.0.1:{_public}"),
                string.Create(CultureInfo.InvariantCulture, $"Internal=http://127.0.0.1:{_internal}"),
                $"Node={name}", $"Redis:Addresses={redis.Address}", .. ChaosSettings.OfEachNode,
            ],
            Environment = new Dictionary<string, string> { ["Logging__LogLevel__Gateway.Diagnostics.Audit"] = "Warning" },
        });
    }

    public async Task KillAsync()
    {
        _process!.Kill();
        await EndAsync();
    }

    public void Stop()
    {
        Disturbances.Begin(Disturbance.Stopped);
        _process!.Pause();
    }

    public void Continue()
    {
        _process!.Resume();
        Disturbances.End(Disturbance.Stopped);
    }

    /// <summary>Asks it to stop, and waits until it has.</summary>
    /// <returns>How long that took.</returns>
    public async Task<TimeSpan> DrainAsync()
    {
        var watch = Stopwatch.StartNew();
        _process!.Terminate();
        await _process.ExitAsync();
        var took = watch.Elapsed;
        await EndAsync();
        return took;
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        if (_clients is not null)
            await _clients.DisposeAsync();
    }

    private async Task EndAsync()
    {
        if (_process is not { } process)
            return;
        _process = null;
        int id = process.Id;
        await process.DisposeAsync();
        Output += string.Create(CultureInfo.InvariantCulture, $"--- process {id}\n{process.Output}{process.Errors}");
    }
}
