using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// For one thread; points into the bytes it was read from. A message as the stream keeps it: a checksum of what follows (4 bytes,
/// <see cref="RecordChecksum"/>), time (8), length of the sender (2), length of the connection left out (1, its highest bit set where there
/// is a trace), then the sender, encoded for JSON, that connection, the trace and the content.
/// </summary>
internal readonly ref struct MessageBody
{
    private const int ChecksumBytes = 4;
    private const int HeaderBytes = ChecksumBytes + 11;

    /// <summary>W3C Trace Context, version 00, has one length.</summary>
    private const int TraceBytes = 55;

    private const byte HasTrace = 0x80;

    /// <summary>Unix milliseconds.</summary>
    public long Time { get; private init; }

    /// <summary>Encoded for JSON; empty when nobody is named.</summary>
    public ReadOnlySpan<byte> Sender { get; private init; }

    public string? Except { get; private init; }

    public string? Trace { get; private init; }

    public ReadOnlySpan<byte> Content { get; private init; }

    public static int SizeOf(in PublishRequest request) =>
        HeaderBytes + request.Sender.EncodedUtf8Bytes.Length + (request.Except?.Length ?? 0) + TraceOf(request).Length + request.Content.Length;

    /// <param name="body">As long as <see cref="SizeOf"/> says.</param>
    /// <param name="request">The message.</param>
    /// <param name="time">Unix milliseconds.</param>
    public static void Write(Span<byte> body, in PublishRequest request, long time)
    {
        var sender = request.Sender.EncodedUtf8Bytes;
        // Connection ids are ours and short; a user id comes from a token of bounded size.
        int except = request.Except?.Length ?? 0;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(except, HasTrace);
        string trace = TraceOf(request);
        var checkedBytes = body[ChecksumBytes..];
        BinaryPrimitives.WriteInt64BigEndian(checkedBytes, time);
        BinaryPrimitives.WriteUInt16BigEndian(checkedBytes[8..], checked((ushort)sender.Length));
        checkedBytes[10] = trace.Length == 0 ? (byte)except : (byte)(except | HasTrace);
        var rest = body[HeaderBytes..];
        sender.CopyTo(rest);
        Encoding.ASCII.GetBytes(request.Except ?? "", rest[sender.Length..]);
        Encoding.ASCII.GetBytes(trace, rest[(sender.Length + except)..]);
        request.Content.CopyTo(rest[(sender.Length + except + trace.Length)..]);
        BinaryPrimitives.WriteUInt32BigEndian(body, RecordChecksum.Of(checkedBytes));
    }

    /// <summary>Whether these are all bytes of a body that a gateway of this version wrote, and so may be read.</summary>
    public static bool IsWhole(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length <= HeaderBytes || ChecksumOf(bytes) != RecordChecksum.Of(bytes[ChecksumBytes..]))
            return false;
        var (sender, except, trace) = LengthsOf(bytes);
        return bytes.Length > HeaderBytes + sender + except + trace;
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
            Time = BinaryPrimitives.ReadInt64BigEndian(bytes[ChecksumBytes..]),
            Sender = rest[..sender],
            Except = except == 0 ? null : Encoding.ASCII.GetString(rest.Slice(sender, except)),
            Trace = trace == 0 ? null : Encoding.ASCII.GetString(rest.Slice(sender + except, trace)),
            Content = rest[(sender + except + trace)..],
        };
    }

    private static (int Sender, int Except, int Trace) LengthsOf(ReadOnlySpan<byte> bytes)
    {
        byte except = bytes[HeaderBytes - 1];
        return (BinaryPrimitives.ReadUInt16BigEndian(bytes[(HeaderBytes - 3)..]), except & ~HasTrace, (except & HasTrace) == 0 ? 0 : TraceBytes);
    }

    private static string TraceOf(in PublishRequest request) => request.Trace is { Length: TraceBytes } trace ? trace : "";

    /// <summary>The sender as the sink wants it.</summary>
    /// <param name="last">What the last call returned: most often the same again.</param>
    public JsonEncodedText EncodedSender(JsonEncodedText last)
    {
        if (Sender.SequenceEqual(last.EncodedUtf8Bytes))
            return last;
        if (Sender.IndexOf((byte)'\\') < 0)
            return JsonText.Encode(Sender);
        // Encoding once more would escape the escapes.
        var reader = new Utf8JsonReader([(byte)'"', .. Sender, (byte)'"']);
        return reader.Read() ? JsonText.Encode(reader.GetString()!) : default;
    }
}
