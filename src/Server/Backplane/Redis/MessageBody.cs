using System.Buffers.Binary;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Naming;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// A message as the stream keeps it; points into the bytes it was read from. For one thread. A checksum of what follows (4 bytes,
/// <see cref="RecordChecksum"/>), the form (1: the layout's version in the upper half, the payload's kind in the lower), time (8), length
/// of the sender (2), length of the connection left out (1, its highest bit set where there is a trace), then the sender in UTF-8, that
/// connection, the trace and the payload.
/// </summary>
internal readonly ref struct MessageBody
{
    private const int ChecksumBytes = 4;

    // Offsets of the fields behind the checksum.
    private const int TimeAt = ChecksumBytes + 1;
    private const int SenderLengthAt = TimeAt + sizeof(long);
    private const int ExceptLengthAt = SenderLengthAt + sizeof(ushort);
    private const int HeaderBytes = ExceptLengthAt + 1;

    /// <summary>Another layout, or another kind of payload, is nothing that a gateway of this version wrote.</summary>
    private const byte Layout = 0x10;

    private const byte KindBits = 0x0F;

    /// <summary>W3C Trace Context, version 00, has one length.</summary>
    private const int TraceBytes = 55;

    private const byte HasTrace = 0x80;

    /// <summary>Unix milliseconds.</summary>
    public long Time { get; private init; }

    /// <summary>UTF-8; empty when nobody is named.</summary>
    public ReadOnlySpan<byte> Sender { get; private init; }

    public ConnectionId? Except { get; private init; }

    public string? Trace { get; private init; }

    public Payload Payload { get; private init; }

    public static int SizeOf(in PublishRequest request) =>
        HeaderBytes + request.Sender.Span.Length + ExceptLength(request) + TraceOf(request).Length + request.Payload.Bytes.Length;

    /// <param name="body">As long as <see cref="SizeOf"/> says.</param>
    /// <param name="request">The message.</param>
    /// <param name="time">Unix milliseconds.</param>
    public static void Write(Span<byte> body, in PublishRequest request, long time)
    {
        var sender = request.Sender.Span;
        // A user id comes from a token of bounded size.
        int except = ExceptLength(request);
        string trace = TraceOf(request);
        body[ChecksumBytes] = (byte)(Layout | (byte)request.Payload.Kind);
        BinaryPrimitives.WriteInt64BigEndian(body[TimeAt..], time);
        BinaryPrimitives.WriteUInt16BigEndian(body[SenderLengthAt..], checked((ushort)sender.Length));
        body[ExceptLengthAt] = trace.Length == 0 ? (byte)except : (byte)(except | HasTrace);
        var rest = body[HeaderBytes..];
        sender.CopyTo(rest);
        request.Except?.Write(rest[sender.Length..]);
        Encoding.ASCII.GetBytes(trace, rest[(sender.Length + except)..]);
        request.Payload.Bytes.CopyTo(rest[(sender.Length + except + trace.Length)..]);
        BinaryPrimitives.WriteUInt32BigEndian(body, RecordChecksum.Of(body[ChecksumBytes..]));
    }

    /// <summary>Whether these are all bytes of a body that a gateway of this version wrote, and so may be read.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= HeaderBytes || ChecksumOf(bytes) != RecordChecksum.Of(bytes[ChecksumBytes..])
            || (bytes[ChecksumBytes] & ~KindBits) != Layout)
            return false;
        var (sender, except, trace) = LengthsOf(bytes);
        int header = HeaderBytes + sender + except + trace;
        return bytes.Length > header && Payload.IsWhole(KindOf(bytes), bytes[header..]);
    }

    /// <summary>Of a body that is whole. Tells messages apart: time and sender are in it, too.</summary>
    public static uint ChecksumOf(ReadOnlySpan<byte> bytes) => BinaryPrimitives.ReadUInt32BigEndian(bytes);

    /// <param name="bytes">A body that is whole.</param>
    public static MessageBody Read(ReadOnlySpan<byte> bytes)
    {
        var (sender, except, trace) = LengthsOf(bytes);
        var rest = bytes[HeaderBytes..];
        return new MessageBody
        {
            Time = BinaryPrimitives.ReadInt64BigEndian(bytes[TimeAt..]),
            Sender = rest[..sender],
            Except = ConnectionId.TryParse(rest.Slice(sender, except)),
            Trace = trace == 0 ? null : Encoding.ASCII.GetString(rest.Slice(sender + except, trace)),
            Payload = new Payload(KindOf(bytes), rest[(sender + except + trace)..]),
        };
    }

    /// <summary>The sender as the sink wants it.</summary>
    /// <param name="last">What the last call returned: most often the same again, and then nothing is made.</param>
    public Utf8Text SenderText(Utf8Text last) => Sender.SequenceEqual(last.Span) ? last : Utf8Text.Of(Sender);

    private static PayloadKind KindOf(ReadOnlySpan<byte> bytes) => (PayloadKind)(bytes[ChecksumBytes] & KindBits);

    private static (int Sender, int Except, int Trace) LengthsOf(ReadOnlySpan<byte> bytes)
    {
        byte except = bytes[ExceptLengthAt];
        int trace = (except & HasTrace) == 0 ? 0 : TraceBytes;
        return (BinaryPrimitives.ReadUInt16BigEndian(bytes[SenderLengthAt..]), except & ~HasTrace, trace);
    }

    private static int ExceptLength(in PublishRequest request) => request.Except is null ? 0 : ConnectionId.TextLength;

    private static string TraceOf(in PublishRequest request) => request.Trace is { Length: TraceBytes } trace ? trace : "";
}
