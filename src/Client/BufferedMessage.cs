namespace Gateway.Client;

/// <summary>Immutable. What waits to be read from a subscription: a message with its position, or that some were lost.</summary>
internal readonly record struct BufferedMessage(ServerMessage? Message, Position? Position, MessageLoss? Loss)
{
    public BufferedMessage(MessageLoss loss)
        : this(null, null, loss)
    {
    }
}
