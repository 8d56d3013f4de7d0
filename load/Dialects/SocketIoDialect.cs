using System.Text.Json;
using Gateway.Load.Sockets;

namespace Gateway.Load.Dialects;

/// <summary>
/// Socket.IO 4 over its WebSocket transport; the server has the events echo, subscribe, which is acknowledged, and message. Stateless and
/// safe for any thread.
/// </summary>
/// <remarks>
/// Engine.IO protocol 4: 0 open, 2 ping, 3 pong, 4 message. Socket.IO protocol 5 inside it: 0 connect, 2 event, 3 acknowledgement, 4
/// connection error.
/// </remarks>
internal sealed class SocketIoDialect : IDialect
{
    public static SocketIoDialect Instance { get; } = new();

    public string? Subprotocol => null;

    public string? Opening => "40";

    public bool Greets => true;

    public Envelope Echo { get; } = new("42[\"echo\",\"", "\"]");

    public Envelope Publish(string channel) =>
        new($$"""42["message",{"channel":{{JsonSerializer.Serialize(channel)}},"content":""" + "\"", "\"}]");

    public string Subscribe(string channel) => $"420[\"subscribe\",{JsonSerializer.Serialize(channel)}]";

    public void Read(ReadOnlySpan<byte> message, IReceiver receiver)
    {
        int content = message.IndexOf(Marker.Sign);
        if (content >= 0 && Marker.TryRead(message[content..], out _))
            receiver.OnContent(message[content..]);
        else if (message.SequenceEqual("2"u8))
            receiver.Reply("3"u8);
        else if (message.StartsWith("40"u8))
            receiver.OnControl(new ServerMessage(ServerMessage.Connected));
        else if (message.StartsWith("43"u8))
            receiver.OnControl(new ServerMessage(ServerMessage.Subscribed));
        else if (message.StartsWith("44"u8))
            receiver.OnControl(new ServerMessage(ServerMessage.Error) { Reason = System.Text.Encoding.UTF8.GetString(message[2..]) });
    }
}
