using Gateway.Server.Auth;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting;

/// <summary>Logs, once, what an operator should know about the settings of an embedded gateway. Run by the host.</summary>
internal sealed partial class StartWarnings(GatewayOptions options, IAuthenticator authenticator, ILogger<StartWarnings> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (string key in options.UnknownKeys)
            LogUnknown(log, key);
        if (authenticator.Warning is { } warning)
            LogWarning(log, warning);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    [LoggerMessage(5, LogLevel.Warning, "Gateway:{Key} is set but means nothing here.")]
    private static partial void LogUnknown(ILogger log, string key);

    [LoggerMessage(6, LogLevel.Warning, "Settings of the gateway: {Warning}.")]
    private static partial void LogWarning(ILogger log, string warning);
}
