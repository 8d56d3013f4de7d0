using System.Buffers.Binary;
using System.Text;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

/// <summary>Frames as a client sends them, written independently of the code under test; and ways to write them wrong.</summary>
internal static class ClientFrames
{
    public static readonly byte[] Key = [0x37, 0xFA, 0x21, 0x3D]; // the RFC's own example, 5.7

    public static byte[] Text(string text, bool final = true) => Frame(Opcode.Text, Encoding.UTF8.GetBytes(text), final);

    public static byte[] Text(byte[] utf8, bool final = true) => Frame(Opcode.Text, utf8, final);

    public static byte[] Binary(byte[] payload, bool final = true) => Frame(Opcode.Binary, payload, final);

    public static byte[] Continuation(byte[] payload, bool final = true) => Frame(Opcode.Continuation, payload, final);

    public static byte[] Ping(byte[] payload) => Frame(Opcode.Ping, payload);

    public static byte[] Pong(byte[] payload) => Frame(Opcode.Pong, payload);

    public static byte[] Close(byte[] payload) => Frame(Opcode.Close, payload);

    public static byte[] Close(int code, string reason = "") => Close([.. BigEndian(code), .. Encoding.UTF8.GetBytes(reason)]);

    public static byte[] BigEndian(int code)
    {
        byte[] bytes = new byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(bytes, (ushort)code);
        return bytes;
    }

    public static byte[] Frame(Opcode opcode, byte[] payload, bool final = true, byte[]? key = null)
    {
        key ??= Key;
        byte[] masked = [.. payload.Select((b, i) => (byte)(b ^ key[i % 4]))];
        return [.. Header(opcode, payload.Length, final, key), .. masked];
    }

    /// <summary>A message's first frame, marked as compressed (RFC 7692 section 6): RSV1 is the second bit.</summary>
    public static byte[] Compressed(Opcode opcode, byte[] payload, bool final = true)
    {
        byte[] frame = Frame(opcode, payload, final);
        frame[0] |= 0x40;
        return frame;
    }

    /// <summary>A header alone, its length encoded minimally.</summary>
    public static byte[] Header(Opcode opcode, long length, bool final = true, byte[]? key = null)
    {
        byte first = (byte)((final ? 0x80 : 0) | (byte)opcode);
        key ??= Key;
        return length switch
        {
            < 126 => [first, (byte)(0x80 | length), .. key],
            <= 65535 => [first, 0x80 | 126, .. Length(length, 2), .. key],
            _ => [first, 0x80 | 127, .. Length(length, 8), .. key],
        };
    }

    /// <summary>The length in so many bytes, whether that is minimal or not.</summary>
    public static byte[] Length(long length, int bytes)
    {
        byte[] eight = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(eight, length);
        return eight[^bytes..];
    }

    /// <summary>Bytes that differ from their neighbours, so that a shifted or repeated copy shows.</summary>
    public static byte[] Bytes(int count) => [.. Enumerable.Range(0, count).Select(i => (byte)(i * 7 + i / 251))];
}
