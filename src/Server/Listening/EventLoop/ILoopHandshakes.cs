namespace Gateway.Server.Listening.EventLoop;

/// <summary>The first receiver of every accepted connection, one object for all of them: it peeks until it knows what the client wants.</summary>
internal interface ILoopHandshakes : ILoopReceiver
{
    /// <summary>A connection is about to begin. Called by the loop that accepted it.</summary>
    void OnAccepted(LoopConnection connection);
}
