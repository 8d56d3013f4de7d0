namespace Gateway.Load.Dialects;

/// <summary>Called on the connection's loop. Takes what a dialect found in a message.</summary>
internal interface IReceiver
{
    /// <param name="content">A content of ours, and whatever the message has after it; valid during the call.</param>
    void OnContent(ReadOnlySpan<byte> content);

    /// <summary>Anything else.</summary>
    void OnControl(ServerMessage message);

    /// <summary>The server wants an answer at once.</summary>
    void Reply(ReadOnlySpan<byte> message);
}
