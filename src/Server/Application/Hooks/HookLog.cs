namespace Gateway.Server.Application.Hooks;

/// <summary>The log lines of the hooks. Stateless. Their ids, levels and categories are promised in docs/operations.md.</summary>
internal static partial class HookLog
{
    public const string CallsCategory = "Gateway.Hooks.HookCalls";
    public const string DeliveryCategory = "Gateway.Hooks.HookDelivery";

    [LoggerMessage(60, LogLevel.Warning, "The backend has no answer for the hook {Hook}: {Problem}. What clients want is {Done}.")]
    public static partial void NoAnswer(ILogger log, string hook, string problem, string done);

    [LoggerMessage(
        61, LogLevel.Warning, "The hook {Hook} failed {Count} times in a row; the backend is asked once in {Seconds} s until it answers.")]
    public static partial void CircuitOpened(ILogger log, string hook, int count, double seconds);

    [LoggerMessage(62, LogLevel.Information, "The backend answers the hook {Hook} again.")]
    public static partial void CircuitClosed(ILogger log, string hook);

    [LoggerMessage(63, LogLevel.Warning, "The backend does not take events: {Problem}. They are kept and sent again.")]
    public static partial void NotTaken(ILogger log, string problem);

    [LoggerMessage(64, LogLevel.Information, "The backend takes events again.")]
    public static partial void TakenAgain(ILogger log);

    [LoggerMessage(65, LogLevel.Error, "{Count} events were dropped: the backend did not take them within {Time}.")]
    public static partial void GaveUp(ILogger log, int count, TimeSpan time);

    [LoggerMessage(66, LogLevel.Error, "{Count} events were dropped: the node stopped before the backend took them.")]
    public static partial void Left(ILogger log, int count);
}
