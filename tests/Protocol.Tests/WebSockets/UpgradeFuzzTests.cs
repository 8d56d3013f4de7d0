using System.Buffers;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class UpgradeFuzzTests
{
    private const int Max = 300;

    private static readonly byte[][] Paths = ["/chat"u8.ToArray()];

    // Bytes that mean something in a head come up more often than the rest.
    private static readonly byte[] Telling = "\r\n\r\n \t:,;=?#/\0\u007f\u0080GETUpgrade13"u8.ToArray();

    private static readonly byte[][] Lines =
    [
        .. Handshake.Sample.Split("\r\n")
            .Concat(["Cookie: a", "Content-Length: 0", "X: \u00ff", "", "\n", " x"])
            .Select(line => Handshake.Bytes(line + "\r\n")),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Mutated_heads_never_throw_and_never_depend_on_the_cut(int seed)
    {
        var refusals = new HashSet<HandshakeRefusal>();
        int accepted = 0;
        int undecided = 0;
        var random = new Random(seed);
        for (int i = 0; i < 20_000; i++)
        {
            var outcome = Check(Mutate(random), random, out var refusal);
            if (outcome == HandshakeOutcome.Accepted) accepted++;
            if (outcome == HandshakeOutcome.NeedMoreData) undecided++;
            if (refusal is not null) refusals.Add(refusal);
        }

        // All of it must come up, or the mutations no longer reach what they are meant to.
        Assert.True(accepted > 1_000, $"{accepted} accepted");
        Assert.True(undecided > 1_000, $"{undecided} undecided");
        Assert.True(refusals.Count > 20, $"{refusals.Count} kinds of refusal");
    }

    [Fact]
    public void Random_bytes_are_never_accepted()
    {
        var random = new Random(5);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = new byte[random.Next(Max + 50)];
            random.NextBytes(bytes);
            Assert.NotEqual(HandshakeOutcome.Accepted, Check(bytes, random, out _));
        }
    }

    private static byte[] Mutate(Random random)
    {
        var bytes = random.Next(3) == 0
            ? [.. Enumerable.Range(0, random.Next(12)).SelectMany(_ => Lines[random.Next(Lines.Length)])]
            : new List<byte>(Handshake.Bytes(Handshake.Sample));

        for (int count = random.Next(4); count > 0; count--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(4))
            {
                case 0: bytes.Insert(at, RandomByte(random)); break;
                case 1: bytes.InsertRange(at, Lines[random.Next(Lines.Length)]); break;
                case 2 when at < bytes.Count: bytes[at] = RandomByte(random); break;
                case 3 when at < bytes.Count: bytes.RemoveRange(at, Math.Min(bytes.Count - at, random.Next(1, 4))); break;
            }
        }

        return [.. bytes];
    }

    private static byte RandomByte(Random random) =>
        random.Next(4) == 0 ? (byte)random.Next(256) : Telling[random.Next(Telling.Length)];

    private static HandshakeOutcome Check(byte[] bytes, Random random, out HandshakeRefusal? refusal)
    {
        var whole = new ReadOnlySequence<byte>(bytes);
        int first = random.Next(bytes.Length + 1);
        int second = random.Next(first, bytes.Length + 1);
        var cut = HeadSplits.Sequence(bytes[..first], bytes[first..second], bytes[second..]);

        var outcome = HandshakeRequestParser.TryParse(whole, Max, out var request, out refusal, out var consumed);
        Assert.Equal(outcome, HandshakeRequestParser.TryParse(cut, Max, out var cutRequest, out var cutRefusal, out var cutConsumed));
        Assert.Equal(refusal, cutRefusal);
        Assert.Equal(request?.Key, cutRequest?.Key);
        long length = whole.Slice(whole.Start, consumed).Length;
        Assert.Equal(length, cut.Slice(cut.Start, cutConsumed).Length);

        var kind = UpgradeDetector.Classify(whole, Paths, Max);
        Assert.Equal(kind, UpgradeDetector.Classify(cut, Paths, Max));

        Assert.Equal(outcome == HandshakeOutcome.Accepted, request is not null);
        Assert.Equal(outcome == HandshakeOutcome.Refused, refusal is not null);
        if (request is not null)
        {
            Assert.Equal("\r\n\r\n"u8, bytes.AsSpan((int)length - 4, 4));
            Assert.Equal(request.Path == "/chat" ? RequestKind.Upgrade : RequestKind.Other, kind);
            Assert.Equal(request.Subprotocols.Distinct(), request.Subprotocols);
        }

        // The hand-over waits for exactly what the parser would wait for.
        if (kind == RequestKind.Upgrade) Assert.NotEqual(HandshakeOutcome.NeedMoreData, outcome);
        return outcome;
    }
}
