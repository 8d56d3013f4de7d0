using System.Buffers;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Dialects.Native;

/// <summary>
/// The native protocol's messages, <c>gateway.v1.json</c>, in WebSocket frames: text, but binary where a message has attachments.
/// </summary>
internal sealed class NativeEncoding : WebSocketEncoding
{
    public static readonly NativeEncoding Instance = new();

    private NativeEncoding()
    {
    }

    public override void WriteMessage(FrameBatch output, ChannelName channel, in Publication publication)
    {
        var payload = publication.Payload;
        var sender = publication.Sender.Span;
        int size;
        if (payload.Kind == PayloadKind.Json)
        {
            size = ServerMessageWriter.MessageSize(channel.Json, payload, sender, publication.Seq, publication.Time);
            ServerMessageWriter.Message(BeginText(output, size), channel.Json, payload, sender, publication.Seq, publication.Time);
        }
        else
        {
            size = ServerMessageWriter.BinarySize(channel.Json, payload, sender, publication.Seq, publication.Time);
            ServerMessageWriter.Binary(BeginBinary(output, size)[..size], channel.Json, payload, sender, publication.Seq, publication.Time);
        }
        output.Advance(size);
    }

    public override void WritePresence(FrameBatch output, ChannelName channel, PresenceMessage presence)
    {
        var message = ReplyBuffer.Rent();
        Write(message, channel, presence);
        WriteText(output, message.WrittenSpan);
    }

    /// <summary>Writes a <c>presence</c> message, without a frame.</summary>
    public static void Write(IBufferWriter<byte> output, ChannelName channel, PresenceMessage presence)
    {
        if (presence.Snapshot is { } state)
            ServerMessageWriter.PresenceSnapshot(output, channel.Json, id: default, state);
        else
            ServerMessageWriter.PresenceChange(output, channel.Json, presence.Joined, presence.Left, presence.Count);
    }
}
