using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Proxying;

/// <summary>
/// Reads the header that proxies such as HAProxy put in front of a connection, version 1 or 2 (haproxy.org, "The PROXY protocol", sections
/// 2.1 and 2.2). The outcome does not depend on how the network cut the bytes. Stateless, so any thread may call it.
/// </summary>
internal static class ProxyHeaderParser
{
    /// <summary>
    /// The longest header of either version. Addresses take up to 232 bytes; the rest is room for the extensions (TLV) of version 2, which
    /// are skipped.
    /// </summary>
    public const int MaxBytes = 4096;

    /// <summary>Section 2.1: the longest line of version 1, with its CRLF.</summary>
    private const int MaxLine = 107;

    private const int FixedBytes = 16;
    private const int CommandAt = 12;
    private const int FamilyAt = 13;
    private const int LengthAt = 14;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    private static ReadOnlySpan<byte> Word => "PROXY "u8;

    /// <summary>
    /// Reads the bytes received so far. Call it again with more bytes after <see cref="ProxyHeaderOutcome.NeedMoreData"/>.
    /// </summary>
    /// <param name="input">The connection's bytes from the first one on.</param>
    /// <param name="source">The client's address. Null when the header has none, as for a proxy's own health checks.</param>
    /// <param name="consumed">The end of an accepted header. Otherwise the start of the input.</param>
    public static ProxyHeaderOutcome TryParse(in ReadOnlySequence<byte> input, out IPEndPoint? source, out SequencePosition consumed)
    {
        consumed = input.Start;
        var bytes = RequestHead.Peek(input, MaxBytes);
        int length = 0;
        var outcome = StartsLike(bytes, Signature) ? TryParseBinary(bytes, out source, out length)
            : StartsLike(bytes, Word) ? TryParseLine(bytes, out source, out length)
            : Refuse(out source);
        if (outcome == ProxyHeaderOutcome.Accepted)
            consumed = input.GetPosition(length);
        return outcome;
    }

    private static bool StartsLike(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> mark) =>
        bytes.Length < mark.Length ? mark.StartsWith(bytes) : bytes.StartsWith(mark);

    private static ProxyHeaderOutcome Refuse(out IPEndPoint? source)
    {
        source = null;
        return ProxyHeaderOutcome.Refused;
    }

    private static ProxyHeaderOutcome TryParseBinary(ReadOnlySpan<byte> bytes, out IPEndPoint? source, out int length)
    {
        source = null;
        length = 0;
        if (bytes.Length < FixedBytes)
            return ProxyHeaderOutcome.NeedMoreData;
        length = FixedBytes + BinaryPrimitives.ReadUInt16BigEndian(bytes[LengthAt..]);
        // 0x20 is LOCAL, a connection of the proxy itself. 0x21 is PROXY. Section 2.2: any other command must be refused.
        bool isLocal = bytes[CommandAt] == 0x20;
        if ((!isLocal && bytes[CommandAt] != 0x21) || length > MaxBytes)
            return ProxyHeaderOutcome.Refused;
        // Family and transport: unspecified, TCP over IPv4, TCP over IPv6, a UNIX stream. No datagrams arrive at a TCP port.
        int? addresses = bytes[FamilyAt] switch { 0x00 => 0, 0x11 => 12, 0x21 => 36, 0x31 => 216, _ => null };
        if (!isLocal && (addresses is not { } needed || length < FixedBytes + needed))
            return ProxyHeaderOutcome.Refused;
        if (bytes.Length < length)
            return ProxyHeaderOutcome.NeedMoreData;
        if (!isLocal)
            source = SourceOf(bytes[FixedBytes..length], addresses!.Value);
        return ProxyHeaderOutcome.Accepted;
    }

    /// <summary>
    /// Reads the source of a block, which has the source address, the destination address, the source port and the destination port.
    /// </summary>
    private static IPEndPoint? SourceOf(ReadOnlySpan<byte> block, int addresses) => addresses switch
    {
        12 => new IPEndPoint(new IPAddress(block[..4]), BinaryPrimitives.ReadUInt16BigEndian(block[8..])),
        36 => new IPEndPoint(new IPAddress(block[..16]), BinaryPrimitives.ReadUInt16BigEndian(block[32..])),
        _ => null,
    };

    private static ProxyHeaderOutcome TryParseLine(ReadOnlySpan<byte> bytes, out IPEndPoint? source, out int length)
    {
        source = null;
        var line = bytes[..Math.Min(bytes.Length, MaxLine)];
        int end = line.IndexOf("\r\n"u8);
        length = end + 2;
        if (end < 0)
            return line.Length == MaxLine ? ProxyHeaderOutcome.Refused : ProxyHeaderOutcome.NeedMoreData;
        string[] words = Encoding.Latin1.GetString(line[Word.Length..end]).Split(' ');
        if (words[0] == "UNKNOWN")
            return ProxyHeaderOutcome.Accepted;
        if (words.Length != 5)
            return ProxyHeaderOutcome.Refused;
        AddressFamily? family = words[0] switch { "TCP4" => AddressFamily.InterNetwork, "TCP6" => AddressFamily.InterNetworkV6, _ => null };
        if (AddressOf(words[1], family) is not { } address || AddressOf(words[2], family) is null ||
            PortOf(words[3]) is not { } port || PortOf(words[4]) is null)
        {
            return ProxyHeaderOutcome.Refused;
        }
        source = new IPEndPoint(address, port);
        return ProxyHeaderOutcome.Accepted;
    }

    private static IPAddress? AddressOf(string text, AddressFamily? family)
    {
        if (!IPAddress.TryParse(text, out var address) || address.AddressFamily != family)
            return null;
        // .NET parses more than the protocol allows: "1", "0x7f.1", "010.0.0.1", "[::1]", "fe80::1%eth0".
        bool isStrict = family == AddressFamily.InterNetwork ? address.ToString() == text : !text.AsSpan().ContainsAny("[]%/");
        return isStrict ? address : null;
    }

    private static int? PortOf(string text) =>
        text is "0" || (text.Length is > 0 and <= 5 && text[0] != '0')
            ? int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port <= 65_535 ? port : null
            : null;
}
