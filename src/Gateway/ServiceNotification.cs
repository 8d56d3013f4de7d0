using System.Net.Sockets;
using System.Text;

namespace Gateway;

/// <summary>
/// Run by the host. Tells systemd, with a unit of <c>Type=notify</c>, when the ports are open and when the node begins to leave: one datagram each to the
/// socket that <c>NOTIFY_SOCKET</c> names (sd_notify(3)). Does nothing without it.
/// </summary>
internal sealed partial class ServiceNotification(IHostApplicationLifetime lifetime, ILogger<ServiceNotification> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (Environment.GetEnvironmentVariable("NOTIFY_SOCKET") is { Length: > 0 } path)
        {
            lifetime.ApplicationStarted.Register(() => Tell(path, "READY=1"));
            lifetime.ApplicationStopping.Register(() => Tell(path, "STOPPING=1"));
        }
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Tell(string path, string state)
    {
        try
        {
            using var socket = new Socket(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
            // systemd writes the zero byte that an abstract name begins with as @.
            socket.SendTo(Encoding.ASCII.GetBytes(state), new UnixDomainSocketEndPoint(path[0] == '@' ? "\0" + path[1..] : path));
        }
        catch (SocketException failure)
        {
            LogNotTold(log, state, failure.Message);
        }
    }

    [LoggerMessage(4, LogLevel.Warning, "The service manager could not be told {State}: {Reason}.")]
    private static partial void LogNotTold(ILogger log, string state, string reason);
}
