using System.Buffers;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

/// <summary>
/// Reads an input in every way the network may cut it and asserts that the cuts make no difference. The input is copied for
/// each way, because frames are unmasked where they lie.
/// </summary>
internal static class Reading
{
    public const int Limit = 2 * 1024 * 1024;

    /// <summary>Up to this length an input is cut at every place; above, at its ends and at 64 places between.</summary>
    private const int EverySplitUpTo = 1024;

    public static void Yields(byte[] input, params Received[] expected) => Yields(Limit, input, expected);

    public static void Yields(int limit, byte[] input, params Received[] expected) =>
        Yields(limit, allowsCompression: false, input, expected);

    /// <summary>As <see cref="Yields(int, byte[], Received[])"/>, where permessage-deflate was agreed on.</summary>
    public static void InflatesTo(int limit, byte[] input, params Received[] expected) =>
        Yields(limit, allowsCompression: true, input, expected);

    private static void Yields(int limit, bool allowsCompression, byte[] input, Received[] expected)
    {
        Assert.Equal(expected, Read(limit, [[input]], allowsCompression));

        foreach (int at in Splits(input.Length))
        {
            byte[] head = input[..at];
            byte[] tail = input[at..];
            AssertSame(expected, Read(limit, [[head, tail]], allowsCompression), $"two segments, split at {at}");
            AssertSame(expected, Read(limit, [[head], [tail]], allowsCompression), $"two reads, split at {at}");
            AssertSame(expected, Read(limit, [[head, [], tail]], allowsCompression), $"an empty segment at {at}");
        }

        List<byte[]> single = [.. input.Select(b => new[] { b })];
        AssertSame(expected, Read(limit, [single], allowsCompression), "a byte per segment");
        AssertSame(expected, Read(limit, single.Select(b => new List<byte[]> { b }), allowsCompression), "a byte per read");
    }

    /// <summary>Every outcome of feeding one reader the arrivals, each a list of segments.</summary>
    public static List<Received> Read(int limit, IEnumerable<List<byte[]>> arrivals, bool allowsCompression = false)
    {
        var reader = new FrameReader(limit, allowsCompression);
        var outcomes = new List<Received>();
        foreach (List<byte[]> arrival in arrivals)
        {
            ReadOnlySequence<byte> input = Segments.Of([.. arrival.Select(part => (byte[])part.Clone())]);
            while (true)
            {
                ReceivedFrame frame = reader.Read(ref input);
                if (frame.Kind == FrameKind.NeedMoreData)
                    break;
                outcomes.Add(Received.Of(frame));
            }

            Assert.True(input.IsEmpty, "NeedMoreData left input behind");
        }

        reader.Dispose();
        Assert.Equal(0, reader.BufferedBytes);
        return outcomes;
    }

    private static IEnumerable<int> Splits(int length) =>
        length <= EverySplitUpTo
            ? Enumerable.Range(0, length + 1)
            : Enumerable.Range(0, 24)
                .Concat(Enumerable.Range(1, 64).Select(i => (int)((long)length * i / 65)))
                .Concat(Enumerable.Range(length - 8, 9));

    private static void AssertSame(Received[] expected, List<Received> actual, string way)
    {
        if (!expected.SequenceEqual(actual))
            Assert.Fail($"{way}: expected {Describe(expected)} but got {Describe(actual)}");
    }

    private static string Describe(IEnumerable<Received> outcomes) =>
        "[" + string.Join(", ", outcomes.Select(o => o.ToString() is { Length: > 300 } s ? s[..300] + "…" : o.ToString())) + "]";
}
