using System.Diagnostics;
using System.Globalization;

namespace Gateway.TestSupport;

/// <summary>
/// A real Garnet, which speaks Redis's protocol, on a loopback port. Whatever becomes of the test, disposing ends the process.
/// </summary>
internal sealed class GarnetServer : IAsyncDisposable
{
    private readonly Process _process;

    private GarnetServer(Process process, int port) => (_process, Port) = (process, port);

    public int Port { get; }

    /// <summary>The address, for <c>Redis:Addresses</c>.</summary>
    public string Address => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Starts the server, and waits until it answers.</summary>
    /// <param name="port">Where; a free port if it is left out.</param>
    /// <param name="lua">Whether it runs scripts, which it does only if told to.</param>
    public static async Task<GarnetServer> StartAsync(int? port = null, bool lua = true)
    {
        int at = port ?? LoopbackPorts.Next();
        string[] scripts = lua ? ["--lua"] : [];
        // From the repository: there stands which version is meant, which `dotnet tool restore` has fetched.
        var start = new ProcessStartInfo(
            "dotnet",
            ["tool", "run", "garnet-server", "--", "--port", at.ToString(CultureInfo.InvariantCulture), "--bind", "127.0.0.1", .. scripts])
        {
            WorkingDirectory = Repository.Root,
            RedirectStandardOutput = true,
        };
        var server = new GarnetServer(Process.Start(start)!, at);
        server._process.BeginOutputReadLine();
        try
        {
            await Eventually.TrueAsync(
                async () => server._process.HasExited
                    ? throw new InvalidOperationException("Garnet does not start; `dotnet tool restore` fetches it")
                    : await server.CommandAsync("PING") == "PONG",
                $"Garnet answers on {server.Address}");
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a command.</summary>
    /// <returns>The answer as redis-cli prints it: one line for each item.</returns>
    public async Task<string> CommandAsync(params string[] args)
    {
        var (output, _) = await RedisCli.RunAsync(["-p", Port.ToString(CultureInfo.InvariantCulture), .. args]);
        return output;
    }

    public async ValueTask DisposeAsync()
    {
        // The server is a child of the command that starts it.
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
