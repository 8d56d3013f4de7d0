namespace Gateway.Server.Listening.EventLoop;

/// <summary>The log lines of the event loops. Stateless. Their ids, levels and category are promised in docs/operations.md.</summary>
internal static partial class LoopLog
{
    public const string Category = "Gateway.Server.Listening.EventLoop";

    [LoggerMessage(140, LogLevel.Error, "Event loop {Loop} failed at {Activity}.")]
    public static partial void Failed(ILogger log, Exception failure, int loop, string activity);

    [LoggerMessage(141, LogLevel.Critical, "Event loop {Loop} has ended: its connections are lost.")]
    public static partial void Ended(ILogger log, Exception failure, int loop);

    [LoggerMessage(142, LogLevel.Debug, "A connection was lost before the HTTP server had it.")]
    public static partial void LostBeforeHttp(ILogger log, Exception failure);

    [LoggerMessage(143, LogLevel.Error, "Event loop {Loop} has not come back for {Milliseconds} ms from {Activity}.")]
    public static partial void Stuck(ILogger log, int loop, long milliseconds, string activity);
}
