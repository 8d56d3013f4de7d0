namespace Gateway.Chaos.Tests.Checking;

/// <summary>What was done to the system, and when. Safe for any thread.</summary>
internal sealed class FaultLog(RunClock clock)
{
    private readonly List<(long At, string Text)> _entries = [];

    /// <summary>Hears every line as it is noted.</summary>
    public Action<string>? Listener { get; set; }

    /// <summary>All, a line each.</summary>
    public IReadOnlyList<string> Lines => Since(long.MinValue);

    /// <summary>Faults that were begun.</summary>
    public int Count { get; private set; }

    /// <summary>A new fault.</summary>
    public void Begin(string text)
    {
        lock (_entries)
            Count++;
        Note(text);
    }

    /// <summary>What happens in the course of one.</summary>
    public void Note(string text)
    {
        long now = clock.Now;
        lock (_entries)
            _entries.Add((now, text));
        Listener?.Invoke($"{RunClock.Text(now)}  {text}");
    }

    public IReadOnlyList<string> Since(long time)
    {
        lock (_entries)
            return [.. _entries.Where(entry => entry.At >= time).Select(entry => $"{RunClock.Text(entry.At)}  {entry.Text}")];
    }
}
