using Gateway.Server.Auth;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting;

/// <summary>Logs, once, what an operator should know about the settings of an embedded gateway. Run by the host.</summary>
internal sealed partial class StartWarnings(
    GatewayOptions options, IAuthenticator authenticator, ILogger<StartWarnings> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (string warning in options.Warnings)
            LogWarning(log, warning);
        if (authenticator.Warning is { } open)
            LogWarning(log, open);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(5, LogLevel.Warning, "Settings of the gateway: {Warning}.")]
    private static partial void LogWarning(ILogger log, string warning);
}
