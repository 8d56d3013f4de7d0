using System.Buffers.Text;

namespace Gateway.Server.Backplane.Redis.PubSub;

/// <summary>
/// One reply on a pub/sub connection, in RESP2 (https://redis.io/docs/latest/develop/reference/protocol-spec/): an array of bulk strings
/// and a number, or a line. It points into the bytes that it was read from.
/// </summary>
internal readonly ref struct PubSubReply
{
    /// <summary>A longer line, or a bulk string longer than Redis ever sends, is no RESP.</summary>
    private const int MaxLine = 64 * 1024;

    private const int MaxBulk = 512 << 20;

    public PubSubReplyKind Kind { get; private init; }

    /// <summary>The channel of the message, or that was subscribed to or unsubscribed from.</summary>
    public ReadOnlySpan<byte> Channel { get; private init; }

    /// <summary>The message, or the error's text.</summary>
    public ReadOnlySpan<byte> Content { get; private init; }

    /// <summary>Reads a reply.</summary>
    /// <returns>The number of bytes that the reply takes; 0 when more are needed.</returns>
    /// <exception cref="InvalidDataException">The bytes are no RESP, or not that of a pub/sub connection.</exception>
    public static int Read(ReadOnlySpan<byte> bytes, out PubSubReply reply)
    {
        reply = default;
        if (!TryReadLine(bytes, out var line, out int length))
            return 0;
        switch (line[0])
        {
            case (byte)'*':
                return ReadArray(bytes, length, Number(line[1..]), out reply);
            case (byte)'-':
                reply = new PubSubReply { Kind = PubSubReplyKind.Error, Content = line[1..] };
                return length;
            case (byte)'+' or (byte)':':
                return length;
            default:
                throw new InvalidDataException("Redis sent what is no reply of pub/sub.");
        }
    }

    private static int ReadArray(ReadOnlySpan<byte> bytes, int at, int items, out PubSubReply reply)
    {
        reply = default;
        if (items is < 1 or > 4)
            throw new InvalidDataException("Redis sent an array that is no reply of pub/sub.");
        ReadOnlySpan<byte> kind = default, channel = default, content = default;
        for (int i = 0; i < items; i++)
        {
            if (!TryReadItem(bytes, ref at, out var item))
                return 0;
            if (i == 0)
                kind = item;
            else if (i == 1)
                channel = item;
            else
                content = item;
        }
        reply = new PubSubReply { Kind = KindOf(kind), Channel = channel, Content = content };
        return at;
    }

    private static PubSubReplyKind KindOf(ReadOnlySpan<byte> name)
    {
        if (name.SequenceEqual("message"u8) || name.SequenceEqual("smessage"u8))
            return PubSubReplyKind.Message;
        if (name.SequenceEqual("subscribe"u8) || name.SequenceEqual("ssubscribe"u8))
            return PubSubReplyKind.Subscribed;
        if (name.SequenceEqual("unsubscribe"u8) || name.SequenceEqual("sunsubscribe"u8))
            return PubSubReplyKind.Unsubscribed;
        return PubSubReplyKind.Other;
    }

    /// <summary>Reads a bulk string, or skips a number, which no reply needs.</summary>
    private static bool TryReadItem(ReadOnlySpan<byte> bytes, scoped ref int at, out ReadOnlySpan<byte> item)
    {
        item = default;
        if (!TryReadLine(bytes[at..], out var line, out int length))
            return false;
        if (line[0] == (byte)':')
        {
            at += length;
            return true;
        }
        if (line[0] != (byte)'$')
            throw new InvalidDataException("Redis sent an item that is no reply of pub/sub.");
        int size = Number(line[1..]);
        if (size > MaxBulk)
            throw new InvalidDataException("Redis sent a length beyond its own limit.");
        at += length;
        // "$-1": nothing, as in the answer to UNSUBSCRIBE without a channel.
        if (size < 0)
            return true;
        if (bytes.Length - at < size + 2)
            return false;
        item = bytes.Slice(at, size);
        if (bytes[at + size] != (byte)'\r' || bytes[at + size + 1] != (byte)'\n')
            throw new InvalidDataException("Redis sent a string that does not end where it should.");
        at += size + 2;
        return true;
    }

    private static bool TryReadLine(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> line, out int length)
    {
        int end = bytes.IndexOf("\r\n"u8);
        if (end is 0 or > MaxLine || (end < 0 && bytes.Length > MaxLine))
            throw new InvalidDataException("Redis sent a line that is no reply.");
        line = end < 0 ? default : bytes[..end];
        length = end + 2;
        return end >= 0;
    }

    private static int Number(ReadOnlySpan<byte> digits) =>
        Utf8Parser.TryParse(digits, out int number, out int used) && used == digits.Length
            ? number : throw new InvalidDataException("Redis sent a length that is no number.");
}
