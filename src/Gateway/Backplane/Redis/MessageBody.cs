using System.Buffers.Binary;
using System.Text;
using System.Text.Json;
using Gateway.Protocol.Messages;

namespace Gateway.Backplane.Redis;

/// <summary>
/// For one thread; points into the bytes it was read from. A message as the stream keeps it: time (8 bytes), length of the sender
/// (2), length of the connection left out (1), then the sender, encoded for JSON, that connection and the content.
/// </summary>
internal readonly ref struct MessageBody
{
    private const int HeaderBytes = 11;

    /// <summary>Unix milliseconds.</summary>
    public long Time { get; private init; }

    /// <summary>Encoded for JSON; empty when nobody is named.</summary>
    public ReadOnlySpan<byte> Sender { get; private init; }

    public string? Except { get; private init; }

    public ReadOnlySpan<byte> Content { get; private init; }

    public static int SizeOf(in PublishRequest request) =>
        HeaderBytes + request.Sender.EncodedUtf8Bytes.Length + (request.Except?.Length ?? 0) + request.Content.Length;

    /// <param name="body">As long as <see cref="SizeOf"/> says.</param>
    /// <param name="request">The message.</param>
    /// <param name="time">Unix milliseconds.</param>
    public static void Write(Span<byte> body, in PublishRequest request, long time)
    {
        var sender = request.Sender.EncodedUtf8Bytes;
        // Connection ids are ours and short; a user id comes from a token of bounded size.
        int except = request.Except?.Length ?? 0;
        BinaryPrimitives.WriteInt64BigEndian(body, time);
        BinaryPrimitives.WriteUInt16BigEndian(body[8..], checked((ushort)sender.Length));
        body[10] = checked((byte)except);
        body = body[HeaderBytes..];
        sender.CopyTo(body);
        Encoding.ASCII.GetBytes(request.Except ?? "", body[sender.Length..]);
        request.Content.CopyTo(body[(sender.Length + except)..]);
    }

    /// <summary>False for what this version cannot read.</summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, out MessageBody body)
    {
        body = default;
        if (bytes.Length < HeaderBytes)
            return false;
        int sender = BinaryPrimitives.ReadUInt16BigEndian(bytes[8..]);
        int except = bytes[10];
        var rest = bytes[HeaderBytes..];
        if (rest.Length < sender + except)
            return false;
        body = new MessageBody
        {
            Time = BinaryPrimitives.ReadInt64BigEndian(bytes),
            Sender = rest[..sender],
            Except = except == 0 ? null : Encoding.ASCII.GetString(rest.Slice(sender, except)),
            Content = rest[(sender + except)..],
        };
        return true;
    }

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
