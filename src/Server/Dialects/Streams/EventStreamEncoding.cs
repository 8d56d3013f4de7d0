using System.Buffers;
using System.Buffers.Text;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Dialects.Native;
using Gateway.Server.Naming;

namespace Gateway.Server.Dialects.Streams;

/// <summary>
/// The native protocol's messages as events of an event stream (https://html.spec.whatwg.org, "Server-sent events"): all of an event but
/// its
/// <c>id</c>, which is each stream's own and is put before it as the event leaves (<see cref="EventStreamOutput"/>).
/// </summary>
internal sealed class EventStreamEncoding : FrameEncoding
{
    public static readonly EventStreamEncoding Instance = new();

    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private EventStreamEncoding()
    {
    }

    public override bool ExpectsPong => false;

    public override bool HasPositions => true;

    private static ReadOnlySpan<byte> MessageBegin => "event: message\ndata: "u8;

    private static ReadOnlySpan<byte> End => "\n\n"u8;

    public override void WriteMessage(FrameBatch output, ChannelName channel, in Publication publication)
    {
        var payload = publication.Payload;
        var sender = publication.Sender.Span;
        int size = ServerMessageWriter.MessageSize(channel.Json, payload, sender, publication.Seq, publication.Time);
        if (payload.Content.ContainsAny(LineEnds))
        {
            var message = ReplyBuffer.Rent();
            ServerMessageWriter.Message(message, channel.Json, payload, sender, publication.Seq, publication.Time);
            WriteEvent(output, MessageType.Message, message.WrittenSpan, retryAfter: null);
            return;
        }
        var frame = output.GetSpan(MessageBegin.Length + size + End.Length);
        MessageBegin.CopyTo(frame);
        ServerMessageWriter.Message(frame[MessageBegin.Length..], channel.Json, payload, sender, publication.Seq, publication.Time);
        End.CopyTo(frame[(MessageBegin.Length + size)..]);
        output.Advance(MessageBegin.Length + size + End.Length);
    }

    public override void WritePresence(FrameBatch output, ChannelName channel, PresenceMessage presence)
    {
        var message = ReplyBuffer.Rent();
        NativeEncoding.Write(message, channel, presence);
        WriteEvent(output, MessageType.Presence, message.WrittenSpan, retryAfter: null);
    }

    public override void WriteReply(FrameBatch output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> reply, long? retryAfter) =>
        WriteEvent(output, type, reply, retryAfter);

    public override void WriteBinary(FrameBatch output, ReadOnlySpan<byte> reply) => throw new NotSupportedException();

    /// <summary>A comment: nothing but a sign of life.</summary>
    public override void WritePing(FrameBatch output) => output.Write(":\n\n"u8);

    public override void WritePong(FrameBatch output, ReadOnlySpan<byte> payload)
    {
    }

    public override void WriteClose(FrameBatch output, CloseStatus status)
    {
    }

    /// <summary>Writes a field that says when a client whose stream ends comes back.</summary>
    public static void WriteRetry(IBufferWriter<byte> output, long milliseconds)
    {
        output.Write("retry: "u8);
        var digits = output.GetSpan(20);
        Utf8Formatter.TryFormat(milliseconds, digits, out int written);
        output.Advance(written);
        output.Write("\n"u8);
    }

    private static void WriteEvent(FrameBatch output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> json, long? retryAfter)
    {
        output.Write("event: "u8);
        output.Write(type);
        output.Write("\n"u8);
        if (retryAfter is { } milliseconds)
            WriteRetry(output, milliseconds);
        WriteData(output, json);
        output.Write("\n"u8);
    }

    /// <summary>A client's content may have line ends between its values, where they are blanks: each line is a field of its own.</summary>
    private static void WriteData(FrameBatch output, ReadOnlySpan<byte> json)
    {
        while (true)
        {
            int end = json.IndexOfAny(LineEnds);
            output.Write("data: "u8);
            output.Write(end < 0 ? json : json[..end]);
            output.Write("\n"u8);
            if (end < 0)
                return;
            bool isPair = json[end] == '\r' && end + 1 < json.Length && json[end + 1] == '\n';
            json = json[(end + (isPair ? 2 : 1))..];
        }
    }
}
