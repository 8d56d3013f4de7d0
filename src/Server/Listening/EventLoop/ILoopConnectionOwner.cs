namespace Gateway.Server.Listening.EventLoop;

/// <summary>Where a connection of a loop came from and goes to. Called by the connection's loop.</summary>
internal interface ILoopConnectionOwner
{
    /// <inheritdoc cref="ILoopHandshakes.OnPeekedAsync"/>
    ValueTask OnPeekedAsync(LoopConnection connection, Memory<byte> bytes);

    /// <summary>The descriptor is closed.</summary>
    void OnClosed(LoopConnection connection);

    /// <summary>The loop is done with the connection, and the descriptor is the owner's.</summary>
    void OnDetached(LoopConnection connection);
}
