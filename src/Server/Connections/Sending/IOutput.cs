namespace Gateway.Server.Connections.Sending;

/// <summary>Where a writer's bytes go. Used by one sender at a time.</summary>
internal interface IOutput
{
    /// <summary>Sends what the transport takes without waiting.</summary>
    /// <returns>Bytes taken, 0 or more; -1 when the transport is gone.</returns>
    int TrySend(ReadOnlySpan<byte> bytes);

    /// <summary>Sends all, waiting for the peer. False when the transport is gone.</summary>
    ValueTask<bool> SendAsync(ReadOnlyMemory<byte> bytes);
}
