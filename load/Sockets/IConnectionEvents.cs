namespace Gateway.Load.Sockets;

/// <summary>Called on the connection's loop.</summary>
internal interface IConnectionEvents
{
    /// <summary>The server has upgraded it.</summary>
    void OnOpen();

    /// <param name="message">A whole text or binary message, valid during the call.</param>
    void OnMessage(ReadOnlySpan<byte> message);

    void OnPong();

    /// <summary>The last call, unless it was cut from this side.</summary>
    void OnClosed(ConnectionEnd end);
}
