namespace Gateway.Load.Measuring;

/// <summary>Looks at what the server uses. Used by one thread at a time.</summary>
internal interface IServerGauge
{
    /// <summary>Null if it can't be seen at the moment.</summary>
    Task<ServerUsage?> ReadAsync(CancellationToken cancellation);
}
