using Microsoft.Extensions.Logging;

namespace Gateway.Client;

/// <summary>Everything that a client logs. Tokens and contents are never logged.</summary>
internal static partial class ClientLog
{
    [LoggerMessage(1, LogLevel.Information, "Connected to {Url} as {User}, connection {Connection} on {Node}.")]
    public static partial void Connected(ILogger log, Uri url, string? user, string? connection, string? node);

    [LoggerMessage(2, LogLevel.Information, "No connection: {Reason} (close code {CloseCode}); next attempt in {Delay}.")]
    public static partial void Waiting(ILogger log, Exception? failure, string reason, int? closeCode, TimeSpan delay);

    [LoggerMessage(3, LogLevel.Error, "No connection, and none will be tried: {Reason} (close code {CloseCode}).")]
    public static partial void Stopped(ILogger log, Exception? failure, string reason, int? closeCode);

    [LoggerMessage(4, LogLevel.Warning, "The token callback failed.")]
    public static partial void TokenFailed(ILogger log, Exception failure);

    [LoggerMessage(5, LogLevel.Warning, "The token callback for {Channel} failed.")]
    public static partial void ChannelTokenFailed(ILogger log, Exception failure, string channel);

    [LoggerMessage(6, LogLevel.Warning, "The gateway refused the new token: {Reason}.")]
    public static partial void RefreshRefused(ILogger log, string? reason);

    [LoggerMessage(7, LogLevel.Warning, "The gateway reported {Code} for {Channel}: {Reason}.")]
    public static partial void Problem(ILogger log, string? code, string? channel, string? reason);

    [LoggerMessage(8, LogLevel.Error, "A handler of StateChanged failed.")]
    public static partial void HandlerFailed(ILogger log, Exception failure);
}
