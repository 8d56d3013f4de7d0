namespace Gateway.Protocol.WebSockets;

/// <summary>The kind of a frame (RFC 6455 5.2). Every other value is reserved, and refused.</summary>
internal enum Opcode : byte
{
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10,
}
