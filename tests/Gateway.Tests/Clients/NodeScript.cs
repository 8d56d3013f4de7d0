using System.Diagnostics;
using System.Text;
using Gateway.TestSupport;
using NodeProcess = System.Diagnostics.Process;

namespace Gateway.Tests.Clients;

/// <summary>One script of <c>Clients/ws</c>, run by Node as a process of its own. It checks everything itself and prints <c>done</c> at its end.</summary>
internal sealed class NodeScript : IAsyncDisposable
{
    private static readonly string Folder = Path.Combine(Repository.Root, "tests", "Gateway.Tests", "Clients", "ws");

    private readonly NodeProcess _process;
    private readonly StringBuilder _output = new();

    private NodeScript(NodeProcess process)
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

    /// <summary>Starts a script against a gateway.</summary>
    /// <param name="name">Its file.</param>
    /// <param name="server">The gateway.</param>
    /// <param name="authority">A PEM file of the certificate to trust, beside those that everybody does.</param>
    public static NodeScript Start(string name, GatewayServer server, string? authority = null)
    {
        if (!Directory.Exists(Path.Combine(Folder, "node_modules")))
            throw new DirectoryNotFoundException($"The npm package ws is not installed: run 'npm ci' in {Folder}, or ./test.sh.");
        return new NodeScript(new NodeProcess
        {
            StartInfo = new ProcessStartInfo("node", [name, server.Origin])
            {
                WorkingDirectory = Folder,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                Environment = { ["NODE_EXTRA_CA_CERTS"] = authority ?? "" },
            },
        });
    }

    /// <summary>Runs a script to its end, which must be a good one.</summary>
    public static async Task PassesAsync(string name, GatewayServer server, string? authority = null)
    {
        await using var script = Start(name, server, authority);
        await script.PassedAsync();
    }

    /// <summary>Waits until the script has printed a line.</summary>
    public Task SaysAsync(string line) => Eventually.TrueAsync(
        () => Output.Contains(line + "\n", StringComparison.Ordinal) || (_process.HasExited ? throw new InvalidOperationException(Output) : false),
        $"the script says '{line}'");

    /// <summary>Waits for the script's end, which must be a good one.</summary>
    public async Task PassedAsync()
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        await _process.WaitForExitAsync(deadline.Token);
        Assert.True(_process.ExitCode == 0 && Output.EndsWith("done\n", StringComparison.Ordinal), $"exit code {_process.ExitCode}\n{Output}");
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
