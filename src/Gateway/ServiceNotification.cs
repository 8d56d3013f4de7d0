using System.Net.Sockets;
using System.Text;

namespace Gateway;

/// <summary>
/// Notifies systemd, with a unit of <c>Type=notify</c>, when the ports are open and when the node begins to stop: one datagram each to the
/// socket that <c>NOTIFY_SOCKET</c> names (sd_notify(3)). Run by the host; does nothing without that variable.
/// </summary>
internal sealed partial class ServiceNotification(IHostApplicationLifetime lifetime, ILoggerFactory logs) : IHostedService
{
    /// <summary>The category that docs/operations.md promises.</summary>
    public const string LogCategory = "Gateway.Hosting.ServiceNotification";

    private readonly ILogger _log = logs.CreateLogger(LogCategory);

    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } path)
        {
            lifetime.ApplicationStarted.Register(() => Notify(path, "READY=1"));
            lifetime.ApplicationStopping.Register(() => Notify(path, "STOPPING=1"));
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Notify(string path, string state)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // systemd writes the zero byte that an abstract name begins with as @.
            socket.SendTo(Encoding.ASCII.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
        catch (SocketException failure)
        {
            LogNotTold(_log, state, failure.Message);
        }
    }

    [LoggerMessage(4, LogLevel.Warning, "The service manager could not be told {State}: {Reason}.")]
    private static partial void LogNotTold(ILogger log, string state, string reason);
}
