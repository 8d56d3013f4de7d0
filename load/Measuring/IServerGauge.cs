namespace Gateway.Load.Measuring;

/// <summary>Used by one thread at a time. Looks at what the server uses.</summary>
internal interface IServerGauge
{
    /// <summary>Null if it can't be seen at the moment.</summary>
    Task<ServerUsage?> ReadAsync(CancellationToken cancellation);
}
