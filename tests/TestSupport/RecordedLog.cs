using Microsoft.Extensions.Logging;

namespace Gateway.TestSupport;

/// <summary>
/// A log that keeps each line as text with event id and category; add it to the services as <see cref="ILoggerProvider"/>. Safe for any
/// thread.
/// </summary>
public sealed class RecordedLog : ILoggerProvider
{
    private readonly List<(int Event, LogLevel Level, string Text, string Category)> _lines = [];

    /// <summary>The lines that were logged so far.</summary>
    public IReadOnlyList<(int Event, LogLevel Level, string Text, string Category)> Lines
    {
        get
        {
            lock (_lines)
                return [.. _lines];
        }
    }

    /// <summary>The lines of one event.</summary>
    public IReadOnlyList<string> Of(int id) => [.. Lines.Where(line => line.Event == id).Select(line => line.Text)];

    public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

    public void Dispose()
    {
    }

    private sealed class Logger(RecordedLog owner, string category) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            lock (owner._lines)
                owner._lines.Add((eventId.Id, logLevel, formatter(state, exception) + exception, category));
        }
    }
}
