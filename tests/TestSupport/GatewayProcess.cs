using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Gateway.TestSupport;

/// <summary>
/// The built gateway as a process of its own, in an empty folder, in development mode, on free loopback ports and with
/// <see cref="LiftedLimits"/> unless told otherwise. Whatever becomes of the test, disposing ends the process.
/// </summary>
public sealed partial class GatewayProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _errors = new();

    private GatewayProcess(ProcessStartInfo start, DirectoryInfo folder)
    {
        _folder = folder;
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_errors, line.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>The text that it has written to standard output so far.</summary>
    public string Output => Text(_output);

    /// <summary>The text that it has written to standard error so far.</summary>
    public string Errors => Text(_errors);

    public int PublicPort => Port(ClientsLine());

    public int InternalPort => Port(InternalLine());

    public Uri WebSocketUri => new($"ws://127.0.0.1:{PublicPort}/ws");

    public Uri Http(string path) => new($"http://127.0.0.1:{PublicPort}{path}");

    /// <summary>The resident memory at the moment.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Starts a gateway, and waits until it serves.</summary>
    /// <param name="settings">As <c>Limits:MessageBytes=1024</c>, without the leading <c>Gateway:</c>.</param>
    public static Task<GatewayProcess> StartAsync(params string[] settings) => StartAsync(new GatewayLaunch { Settings = settings });

    /// <summary>Starts a gateway, and waits until it serves.</summary>
    public static async Task<GatewayProcess> StartAsync(GatewayLaunch launch)
    {
        var gateway = Launch(launch);
        try
        {
            await gateway.SaysAsync("namespaces");
            return gateway;
        }
        catch
        {
            await gateway.DisposeAsync();
            throw;
        }
    }

    /// <summary>The gateway that was built with the tests.</summary>
    public static IReadOnlyList<string> Executable { get; } =
    [
        Environment.ProcessPath is { } host && Path.GetFileNameWithoutExtension(host) == "dotnet" ? host : "dotnet",
        Path.Combine(AppContext.BaseDirectory, "Gateway.dll"),
    ];

    /// <summary>Starts a gateway that may refuse to start, and waits for nothing.</summary>
    public static GatewayProcess Launch(GatewayLaunch launch)
    {
        var folder = Directory.CreateTempSubdirectory("gateway-");
        if (launch.AppSettings is not null)
            File.WriteAllText(Path.Combine(folder.FullName, "appsettings.json"), launch.AppSettings);
        string[] defaults =
            ["Public=http://127.0.0.1:0", "Internal=http://127.0.0.1:0", .. LiftedLimits.Settings, .. TransportUnderTest.Settings];
        string[] mode = launch.Development ? ["Development=true"] : [];
        var settings = launch.Bare ? [] : mode.Concat(defaults).Concat(launch.Settings);
        string[] command =
        [
            .. launch.Command ?? Executable,
            .. settings.Select(setting => "--Gateway:" + setting),
        ];
        // exec: the process that is signalled is the gateway, not the shell.
        string[] limited = launch.OpenFiles is { } files
            ? ["bash", "-c", string.Create(CultureInfo.InvariantCulture, $"ulimit -n {files}; exec \"$@\""), "gateway", .. command]
            : command;
        var start = new ProcessStartInfo(limited[0], limited[1..])
        {
            WorkingDirectory = launch.Folder ?? folder.FullName,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in launch.Environment)
            start.Environment[name] = value;
        return new GatewayProcess(start, folder);
    }

    /// <summary>Waits until standard output contains a text.</summary>
    public Task SaysAsync(string text) => Eventually.TrueAsync(
        () => Output.Contains(text, StringComparison.Ordinal)
            || (_process.HasExited ? throw new InvalidOperationException(Everything) : false),
        $"the gateway says '{text}'");

    /// <summary>Asks the gateway to stop, as service managers do.</summary>
    public void Terminate() => Signals.Send(_process.Id, Signals.Terminate);

    /// <summary>Asks the gateway to stop, as Ctrl+C does.</summary>
    public void Interrupt() => Signals.Send(_process.Id, Signals.Interrupt);

    /// <summary>Halts the process. Its connections stay open, and nothing answers on them.</summary>
    public void Pause() => Signals.Send(_process.Id, Signals.Stop);

    /// <summary>Lets the process run again after <see cref="Pause"/>.</summary>
    public void Resume() => Signals.Send(_process.Id, Signals.Continue);

    /// <summary>Kills the process.</summary>
    public void Kill() => Signals.Send(_process.Id, Signals.Kill);

    /// <summary>Waits for the end of the process, and for all of its output.</summary>
    /// <returns>The exit code; 128 and the signal's number where a signal ended it.</returns>
    public async Task<int> ExitAsync()
    {
        using var deadline = new CancellationTokenSource(Eventually.Limit);
        try
        {
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("The gateway did not end. " + Everything);
        }
        return _process.ExitCode;
    }

    private string Everything => $"Output:\n{Output}\nErrors:\n{Errors}";

    private static void Append(StringBuilder text, string? line)
    {
        lock (text)
        {
            if (line is not null)
                text.Append(line).Append('\n');
        }
    }

    private static string Text(StringBuilder text)
    {
        lock (text)
            return text.ToString();
    }

    private int Port(Regex line) => int.Parse(line.Match(Output).Groups[1].ValueSpan, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"clients +wss?://127\.0\.0\.1:(\d+)/ws")]
    private static partial Regex ClientsLine();

    [GeneratedRegex(@"internal +http://127\.0\.0\.1:(\d+)")]
    private static partial Regex InternalLine();

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        _process.Dispose();
        _folder.Delete(recursive: true);
    }
}
