namespace Gateway.Server.Backplane;

/// <summary>
/// Safe for any thread. Counts and logs what came from Redis and is dropped, because no gateway of this version wrote it, or not all of it
/// is there. What that was is not logged: it may be anybody's message.
/// </summary>
internal sealed partial class BrokenRecords(BackplaneMetrics metrics, ILogger<BrokenRecords> log)
{
    private int _logged;

    public void Drop(RecordKind kind, int records = 1)
    {
        if (records == 0)
            return;
        string name = BackplaneMetrics.NameOf(kind);
        metrics.Broken(name, records);
        // The first of a kind shows that something is wrong; a stranger who publishes may do so thousands of times a second.
        int bit = 1 << (int)kind;
        bool isFirst = (Interlocked.Or(ref _logged, bit) & bit) == 0;
        LogBroken(log, isFirst ? LogLevel.Warning : LogLevel.Debug, name);
    }

    [LoggerMessage(EventId = 68, Message = "What came from Redis in place of a {Kind} record cannot be read and was dropped: something else writes "
        + "under the gateway's prefix, or a gateway of another version. Further ones are logged as Debug.")]
    private static partial void LogBroken(ILogger log, LogLevel level, string kind);
}
