namespace Gateway.Server.Listening.EventLoop;

/// <summary>Decides what every accepted connection is for. One object for all of them; called by the loops.</summary>
internal interface ILoopHandshakes
{
    /// <summary>A connection is about to begin. Called by the loop that accepted it.</summary>
    void OnAccepted(LoopConnection connection);

    /// <summary>
    /// Looks at what has come so far, from the first byte on, and decides if it can: by <see cref="LoopConnection.StopPeeking"/>,
    /// <see cref="LoopConnection.Detach"/> or <see cref="LoopConnection.Close"/>. Otherwise it is called again when there is more.
    /// </summary>
    /// <param name="connection">The connection, of which nothing is read before the task completes.</param>
    /// <param name="bytes">Valid until the task completes.</param>
    ValueTask OnPeekedAsync(LoopConnection connection, Memory<byte> bytes);
}
