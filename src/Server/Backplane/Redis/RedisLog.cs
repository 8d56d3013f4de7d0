namespace Gateway.Server.Backplane.Redis;

/// <summary>The log lines of the Redis backplane.</summary>
internal static partial class RedisLog
{
    [LoggerMessage(EventId = 120, Message = "Redis refused a command: {Error}. Further ones on this connection are logged as Debug.")]
    public static partial void Refused(ILogger log, LogLevel level, string error);

    [LoggerMessage(121, LogLevel.Information, "Redis at {Server} is there.")]
    public static partial void Up(ILogger log, string server);

    [LoggerMessage(122, LogLevel.Warning, "Redis at {Server} is lost: {Reason}.")]
    public static partial void Lost(ILogger log, string server, string reason);

    [LoggerMessage(123, LogLevel.Warning, "Redis at {Server} is out of reach: {Reason}.")]
    public static partial void Unreachable(ILogger log, string server, string reason);

    [LoggerMessage(124, LogLevel.Warning, "The connection to other nodes is lost: {Reason}.")]
    public static partial void BusLost(ILogger log, string reason);

    [LoggerMessage(125, LogLevel.Warning, "No connection to other nodes by Redis at {Server}: {Reason}.")]
    public static partial void BusUnreachable(ILogger log, string server, string reason);

    [LoggerMessage(126, LogLevel.Error, "Serving Redis at {Server} failed; it is connected to anew.")]
    public static partial void Failure(ILogger log, Exception failure, string server);

    [LoggerMessage(127, LogLevel.Error, "Redis at {Server} is refused: {Fault}.")]
    public static partial void Unusable(ILogger log, string server, string fault);

    [LoggerMessage(129, LogLevel.Debug, "A pub/sub channel cannot be subscribed to: {Problem}.")]
    public static partial void NotSubscribed(ILogger log, string problem);

    [LoggerMessage(130, LogLevel.Error, "Redis's answer about occupied channels and users cannot be used.")]
    public static partial void UnusableOccupancy(ILogger log, Exception failure);
}
