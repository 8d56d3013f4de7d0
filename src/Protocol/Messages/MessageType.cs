namespace Gateway.Protocol.Messages;

/// <summary>
/// The values of <c>type</c> in the messages of protocol version 1, as UTF-8. Writers and readers of both sides take them from this table.
/// </summary>
public static class MessageType
{
    // From the client.
    public static ReadOnlySpan<byte> Auth => "auth"u8;
    public static ReadOnlySpan<byte> Ping => "ping"u8;
    public static ReadOnlySpan<byte> Refresh => "refresh"u8;
    public static ReadOnlySpan<byte> Subscribe => "subscribe"u8;
    public static ReadOnlySpan<byte> Unsubscribe => "unsubscribe"u8;

    // From either side.
    public static ReadOnlySpan<byte> History => "history"u8;
    public static ReadOnlySpan<byte> Message => "message"u8;
    public static ReadOnlySpan<byte> Presence => "presence"u8;

    // From the server.
    public static ReadOnlySpan<byte> Ack => "ack"u8;
    public static ReadOnlySpan<byte> Connected => "connected"u8;
    public static ReadOnlySpan<byte> Disconnect => "disconnect"u8;
    public static ReadOnlySpan<byte> Error => "error"u8;
    public static ReadOnlySpan<byte> Pong => "pong"u8;
    public static ReadOnlySpan<byte> Refreshed => "refreshed"u8;
    public static ReadOnlySpan<byte> Subscribed => "subscribed"u8;
    public static ReadOnlySpan<byte> Unsubscribed => "unsubscribed"u8;
}
