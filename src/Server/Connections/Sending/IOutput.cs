namespace Gateway.Server.Connections.Sending;

/// <summary>Used by one sender at a time. Where a writer's bytes go.</summary>
internal interface IOutput
{
    /// <summary>Sends what the transport takes without waiting.</summary>
    /// <returns>Bytes taken, 0 or more; -1 when the transport is gone.</returns>
    int TrySend(ReadOnlySpan<byte> bytes);

    /// <summary>Sends all, waiting for the peer. False when the transport is gone.</summary>
    ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes);
}
