using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Gateway.TestSupport;

namespace Gateway.Deploy.Tests.Edge;

/// <summary>
/// A real proxy with its file of <c>deploy</c>, in front of two gateways on loopback. Disposing ends the proxy, however the test ends. For
/// one test.
/// </summary>
internal abstract class EdgeProxy : IAsyncDisposable
{
    private readonly StringBuilder _output = new();
    private Process? _process;

    protected EdgeProxy(EdgePlan plan) => Plan = plan;

    /// <summary>The port where TLS ends, and a cookie keeps clients at their node.</summary>
    public int ByCookie { get; } = LoopbackPorts.Next();

    /// <summary>The port where TLS ends, and the client's address keeps it at its node.</summary>
    public int ByAddress { get; } = LoopbackPorts.Next();

    /// <summary>The port where TLS passes through.</summary>
    public int PassThrough { get; } = LoopbackPorts.Next();

    protected EdgePlan Plan { get; }

    protected DirectoryInfo Folder { get; } = Directory.CreateTempSubdirectory("edge-");

    protected int ProcessId => _process!.Id;

    /// <summary>All it has written so far, its access log too.</summary>
    public virtual string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Sends a node, 0 or 1, no new clients; it keeps those it has.</summary>
    public abstract Task TakeOutAsync(int node);

    /// <summary>The command that serves.</summary>
    protected abstract ProcessStartInfo Command();

    /// <summary>Starts it and waits until it accepts.</summary>
    public async Task StartAsync()
    {
        var command = Command();
        command.RedirectStandardOutput = true;
        command.RedirectStandardError = true;
        _process = new Process { StartInfo = command };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        foreach (int port in new[] { ByCookie, ByAddress, PassThrough })
            await Eventually.TrueAsync(
                () => _process.HasExited ? throw new InvalidOperationException(Output) : AcceptsAsync(port),
                $"the proxy accepts on {port}");
    }

    protected string PathOf(string file) => Path.Combine(Folder.FullName, file);

    private static async Task<bool> AcceptsAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
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
        if (_process is { HasExited: false })
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process?.Dispose();
        Folder.Delete(recursive: true);
    }
}
