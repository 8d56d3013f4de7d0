namespace Gateway.Client;

/// <summary>An entry of a subscription's buffer: a message with its position, or a loss. Immutable.</summary>
internal readonly record struct BufferedMessage(ServerMessage? Message, Position? Position, MessageLoss? Loss)
{
    public BufferedMessage(MessageLoss loss)
        : this(null, null, loss)
    {
    }
}
