namespace Gateway.Server.Backplane;

/// <summary>
/// Counts and logs records from Redis that are dropped, because no gateway of this version wrote them or a part of them is missing. The
/// content is not logged: it may be anybody's message. Safe for any thread.
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
        // The first record of a kind shows that something is wrong; a stranger may publish thousands a second.
        int bit = 1 << (int)kind;
        bool isFirst = (Interlocked.Or(ref _logged, bit) & bit) == 0;
        LogBroken(log, isFirst ? LogLevel.Warning : LogLevel.Debug, name);
    }

    [LoggerMessage(
        EventId = 128,
        Message = "What came from Redis in place of a {Kind} record cannot be read and was dropped: something else writes "
            + "under the gateway's prefix, or a gateway of another version. Further ones are logged as Debug.")]
    private static partial void LogBroken(ILogger log, LogLevel level, string kind);
}
