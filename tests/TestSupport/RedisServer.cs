using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Gateway.TestSupport;

/// <summary>For one thread. A redis-server of the test's own on a free port, ended with the test.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private readonly bool _persistent;
    private readonly string _folder = Directory.CreateTempSubdirectory("redis-").FullName;
    private Process? _process;

    private RedisServer(bool persistent, int port) => (_persistent, Port) = (persistent, port);

    public int Port { get; }

    public string Address => $"127.0.0.1:{Port}";

    public static async Task<RedisServer> StartAsync(bool persistent = false)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var server = new RedisServer(persistent, port);
        await server.LaunchAsync();
        return server;
    }

    /// <summary>SIGKILL.</summary>
    public void Kill()
    {
        if (_process is not { } process)
            return;
        process.Kill();
        process.WaitForExit();
        process.Dispose();
        _process = null;
    }

    /// <summary>SIGSTOP.</summary>
    public void Pause() => Signals.Send(_process!.Id, 19);

    /// <summary>SIGCONT.</summary>
    public void Resume() => Signals.Send(_process!.Id, 18);

    public async Task RestartAsync(bool keepData)
    {
        Kill();
        if (!keepData)
        {
            Directory.Delete(_folder, recursive: true);
            Directory.CreateDirectory(_folder);
        }
        await LaunchAsync();
    }

    public async Task FlushAllAsync() => await AskAsync("FLUSHALL");

    public ValueTask DisposeAsync()
    {
        Kill();
        Directory.Delete(_folder, recursive: true);
        return default;
    }

    private async Task LaunchAsync()
    {
        var start = new ProcessStartInfo("redis-server") { RedirectStandardOutput = true };
        foreach (string argument in new[] { "--port", $"{Port}", "--bind", "127.0.0.1", "--dir", _folder, "--save", "", "--appendonly", _persistent ? "yes" : "no", "--appendfsync", "always" })
            start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        _process.OutputDataReceived += static (_, _) => { };
        _process.BeginOutputReadLine();
        var clock = Stopwatch.StartNew();
        while (!await IsUpAsync())
        {
            if (clock.Elapsed > Eventually.Limit)
                throw new TimeoutException("redis-server did not start");
            await Task.Delay(20);
        }
    }

    private async Task<bool> IsUpAsync()
    {
        try
        {
            return await AskAsync("PING") == "+PONG";
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private async Task<string?> AskAsync(string command)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        using var reader = new StreamReader(client.GetStream());
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(command + "\r\n"));
        return await reader.ReadLineAsync();
    }
}
