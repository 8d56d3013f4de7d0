using System.Text;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;

namespace Gateway.Tests.Channels;

/// <summary>An encoding that a test can read, <c>mark:content</c>, and that counts its calls.</summary>
internal sealed class CountingEncoding(string mark) : FrameEncoding
{
    private int _messages;
    private int _presence;

    /// <summary>The number of messages encoded.</summary>
    public int Messages => Volatile.Read(ref _messages);

    /// <summary>The number of presence messages encoded.</summary>
    public int Presence => Volatile.Read(ref _presence);

    public override bool ExpectsPong => true;

    public override bool HasPositions => false;

    public override void WriteMessage(FrameBatch output, ChannelName channel, in Publication publication)
    {
        Interlocked.Increment(ref _messages);
        string content = Encoding.UTF8.GetString(publication.Payload.Bytes);
        Write(output, $"{mark}:{content}@{publication.Seq} of {publication.Sender} at {publication.Time}");
    }

    public override void WritePresence(FrameBatch output, ChannelName channel, PresenceMessage presence)
    {
        Interlocked.Increment(ref _presence);
        Write(output, $"{mark}:{presence.Count} users");
    }

    public override void WriteReply(FrameBatch output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> reply, long? retryAfter) =>
        Write(output, Encoding.UTF8.GetString(reply));

    public override void WriteBinary(FrameBatch output, ReadOnlySpan<byte> reply) => throw new NotSupportedException();

    public override void WritePing(FrameBatch output) => throw new NotSupportedException();

    public override void WritePong(FrameBatch output, ReadOnlySpan<byte> payload) => throw new NotSupportedException();

    public override void WriteClose(FrameBatch output, CloseStatus status)
    {
    }

    private static void Write(FrameBatch output, string text) =>
        output.Advance(Encoding.UTF8.GetBytes(text, output.GetSpan(Encoding.UTF8.GetByteCount(text))));
}
