using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Server.Listening;

/// <summary>
/// The log of the server of the gateway's own ports, which goes to that of the process. Safe for any thread. Below warnings ASP.NET Core
/// logs whole URLs and broken request lines, in which a token may stand: whatever is configured, none of these lines gets through.
/// </summary>
internal sealed class HttpServerLogs(ILoggerFactory process) : ILoggerFactory
{
    private const string AspNetCore = "Microsoft.AspNetCore";

    /// <summary>
    /// An activity is made for every request as soon as anything of this category could be logged; failures are logged by Kestrel.
    /// </summary>
    private const string Requests = "Microsoft.AspNetCore.Hosting.Diagnostics";

    /// <summary>A failure to bind is an exception that reaches the application; it need not be logged as well.</summary>
    private const string Start = "Microsoft.Extensions.Hosting.Internal.Host";

    public ILogger CreateLogger(string categoryName) =>
        categoryName is Requests or Start ? NullLogger.Instance
        : categoryName.StartsWith(AspNetCore, StringComparison.Ordinal) ? new Warnings(process.CreateLogger(categoryName))
        : process.CreateLogger(categoryName);

    public void AddProvider(ILoggerProvider provider) => throw new NotSupportedException("The log is that of the process.");

    public void Dispose()
    {
        // The process's own is disposed of by its container.
    }

    private sealed class Warnings(ILogger inner) : ILogger
    {
        /// <summary>None: Kestrel's would be 230 bytes of every connection, and nothing is logged with it.</summary>
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning && inner.IsEnabled(logLevel);

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel))
                inner.Log(logLevel, eventId, state, exception, formatter);
        }
    }
}
