using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Backplane.Redis;

/// <summary>
/// For one thread; points into the bytes it was read from. A message as the stream keeps it: time (8 bytes), length of the sender
/// (2), length of the connection left out (1, its highest bit set where there is a trace), then the sender, encoded for JSON, that
/// connection, the trace and the content.
/// </summary>
internal readonly ref struct MessageBody
{
    private const int HeaderBytes = 11;

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
        BinaryPrimitives.WriteInt64BigEndian(body, time);
        BinaryPrimitives.WriteUInt16BigEndian(body[8..], checked((ushort)sender.Length));
        body[10] = trace.Length == 0 ? (byte)except : (byte)(except | HasTrace);
        body = body[HeaderBytes..];
        sender.CopyTo(body);
        Encoding.ASCII.GetBytes(request.Except ?? "", body[sender.Length..]);
        Encoding.ASCII.GetBytes(trace, body[(sender.Length + except)..]);
        request.Content.CopyTo(body[(sender.Length + except + trace.Length)..]);
    }

    /// <summary>False for what this version cannot read.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MessageBody body)
    {
        body = default;
        if (bytes.Length < HeaderBytes)
            return false;
        int sender = BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]);
        int except = bytes[10] & ~HasTrace;
        int trace = (bytes[10] & HasTrace) == 0 ? 0 : TraceBytes;
        var rest = bytes[HeaderBytes..];
        if (rest.Length < sender + except + trace)
            return false;
        body = new MessageBody
        {
            Time = BinaryPrimitives.ReadInt64BigEndian(bytes),
            Sender = rest[..sender],
            Except = except == 0 ? null : Encoding.ASCII.GetString(rest.Slice(sender, except)),
            Trace = trace == 0 ? null : Encoding.ASCII.GetString(rest.Slice(sender + except, trace)),
            Content = rest[(sender + except + trace)..],
        };
        return true;
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
