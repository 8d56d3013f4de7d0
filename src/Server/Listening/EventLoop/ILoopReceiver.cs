namespace Gateway.Server.Listening.EventLoop;

/// <summary>The receiving side of a connection of a loop. Called by the loop's thread, which it must not block.</summary>
internal interface ILoopReceiver
{
    /// <summary>Handles what has come.</summary>
    /// <param name="connection">The connection that received it.</param>
    /// <param name="bytes">The receiver's until the task completes; nothing more is received before, so that the peer has to wait too.</param>
    ValueTask OnReceivedAsync(LoopConnection connection, Memory<byte> bytes);

    /// <summary>No more input comes: the peer has ended its side, or the connection is lost. Called once, after everything that was received.</summary>
    void OnEnded(LoopConnection connection, bool isLost);
}
