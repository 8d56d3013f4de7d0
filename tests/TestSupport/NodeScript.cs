using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Gateway.TestSupport;

/// <summary>
/// A script run by Node as a process of its own. It checks everything itself and prints <c>done</c> at its end. For one thread.
/// </summary>
public sealed class NodeScript : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _output = new();

    private NodeScript(Process process)
    {
        _process = process;
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Starts a script with the npm client <c>ws</c> against a gateway.</summary>
    /// <param name="name">Its file.</param>
    /// <param name="server">The gateway.</param>
    /// <param name="authority">A PEM file of the certificate to trust, beside those that everybody does.</param>
    public static NodeScript Start(string name, GatewayServer server, string? authority = null) =>
        Client("ws", authority, name, server.Origin);

    /// <summary>Starts the script that follows a stream with the npm client <c>eventsource</c>.</summary>
    /// <param name="port">The gateway's public port.</param>
    /// <param name="last">The number after which it has seen all.</param>
    public static NodeScript Follow(int port, int last) => Follow($"http://127.0.0.1:{port}", authority: null, last);

    /// <summary>Starts the script that follows a stream with the npm client <c>eventsource</c>, at any address.</summary>
    /// <param name="origin">Where the stream is, without its path.</param>
    /// <param name="authority">As above.</param>
    /// <param name="last">As above.</param>
    public static NodeScript Follow(string origin, string? authority, int last) =>
        Client("eventsource", authority, "follow.mjs", origin, last.ToString(CultureInfo.InvariantCulture));

    private static NodeScript Client(string package, string? authority, params string[] command) =>
        Start(Path.Combine(Repository.Root, "tests", "Gateway.Tests", "Clients", package), authority, command);

    /// <summary>Starts a script in a folder with npm packages.</summary>
    /// <param name="folder">The folder, with a package.json.</param>
    /// <param name="authority">As above.</param>
    /// <param name="command">The script's file and its arguments.</param>
    public static NodeScript Start(string folder, string? authority, params string[] command)
    {
        if (!Directory.Exists(Path.Combine(folder, "node_modules")))
            throw new DirectoryNotFoundException($"The npm packages are not installed: run 'npm ci' in {folder}, or ./test.sh.");
        return new NodeScript(new Process
        {
            StartInfo = new ProcessStartInfo("node", command)
            {
                WorkingDirectory = folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["NODE_EXTRA_CA_CERTS"] = authority ?? "" },
            },
        });
    }

    /// <summary>Runs a script to its end, and fails unless its exit code is 0.</summary>
    public static async Task PassesAsync(string name, GatewayServer server, string? authority = null)
    {
        await using var script = Start(name, server, authority);
        await script.PassedAsync();
    }

    /// <summary>Waits until the script has printed a line.</summary>
    public Task SaysAsync(string line) => Eventually.TrueAsync(
        () => Output.Contains(line + "\n", StringComparison.Ordinal)
            || (_process.HasExited ? throw new InvalidOperationException(Output) : false),
        $"the script says '{line}'");

    /// <summary>Waits for the script's end, and fails unless its exit code is 0.</summary>
    /// <param name="limit">How long; null for as long as anything is waited for.</param>
    public async Task PassedAsync(TimeSpan? limit = null)
    {
        using var deadline = new CancellationTokenSource(limit ?? Eventually.Limit);
        await _process.WaitForExitAsync(deadline.Token);
        if (_process.ExitCode != 0 || !Output.EndsWith("done\n", StringComparison.Ordinal))
            throw new InvalidOperationException($"exit code {_process.ExitCode}\n{Output}");
    }

    private void Append(string? line)
    {
        lock (_output)
        {
            if (line is not null)
                _output.Append(line).Append('\n');
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
    }
}
