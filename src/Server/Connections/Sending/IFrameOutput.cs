namespace Gateway.Server.Connections.Sending;

/// <summary>
/// An output that has something of its own connection's to say before frames which are the same for all: it takes frames, not bytes. Used
/// by one sender at a time.
/// </summary>
internal interface IFrameOutput : IOutput
{
    /// <summary>Whether so much has been written that it should be flushed before more is.</summary>
    bool IsFull { get; }

    /// <summary>Writes frames, which are leaving now: what was dropped is not among them. Waits for the peer where they are many.</summary>
    /// <returns>False when the transport is gone.</returns>
    ValueTask<bool> WriteAsync(QueuedFrames frames);

    /// <summary>Sends what was written, waiting for the peer.</summary>
    /// <returns>False when the transport is gone.</returns>
    ValueTask<bool> FlushAsync();
}
