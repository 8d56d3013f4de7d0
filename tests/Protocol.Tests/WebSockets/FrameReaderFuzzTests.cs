using System.Buffers;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameReaderFuzzTests
{
    private const int Inputs = 100_000;
    private const int Limit = 4096;

    private static readonly byte[] Starts = [0x01, 0x02, 0x81, 0x82, 0x80, 0x00, 0x88, 0x89, 0x8A];

    [Fact]
    public void Random_bytes_only_lead_to_documented_outcomes() => Fuzz(seed: 6455, Noise);

    [Fact]
    public void Frames_with_flipped_bits_only_lead_to_documented_outcomes() => Fuzz(seed: 1003, AlmostFrames);

    private static void Fuzz(int seed, Func<Random, byte[]> generate)
    {
        var random = new Random(seed);
        var seen = new HashSet<(FrameKind, CloseCode)>();
        for (int i = 0; i < Inputs; i++)
        {
            byte[] input = generate(random);
            List<Received> whole = Reading.Read(Limit, [[input]]);
            Assert.All(whole, AssertDocumented);
            Assert.Equal(whole, Reading.Read(Limit, RandomArrivals(random, input)));
            seen.UnionWith(whole.Select(o => (o.Kind, o.Kind == FrameKind.Violation ? o.Status.Code : default)));
        }

        // Otherwise the generator never got past the header.
        Assert.Superset(
            new HashSet<(FrameKind, CloseCode)>
            {
                (FrameKind.Text, default), (FrameKind.Binary, default), (FrameKind.Ping, default), (FrameKind.Pong, default),
                (FrameKind.Close, default), (FrameKind.Violation, CloseCode.ProtocolError),
                (FrameKind.Violation, CloseCode.InvalidPayload), (FrameKind.Violation, CloseCode.MessageTooBig),
            },
            seen);
    }

    private static void AssertDocumented(Received outcome)
    {
        switch (outcome.Kind)
        {
            case FrameKind.Text or FrameKind.Binary:
                Assert.InRange(outcome.Payload.Length / 2, 0, Limit);
                break;
            case FrameKind.Ping or FrameKind.Pong:
                Assert.InRange(outcome.Payload.Length / 2, 0, 125);
                break;
            case FrameKind.Close:
                Assert.True(outcome.Status.Code == CloseCode.NoStatus || CloseStatus.IsLegal((int)outcome.Status.Code));
                break;
            case FrameKind.Violation:
                Assert.True(outcome.Status.Code is CloseCode.ProtocolError or CloseCode.InvalidPayload or CloseCode.MessageTooBig);
                Assert.InRange(outcome.Status.Reason.Length, 1, 123);
                break;
            default:
                Assert.Fail($"{outcome.Kind} is no outcome");
                break;
        }
    }

    /// <summary>Random bytes after a first byte that is allowed more often than not, for most inputs would end there.</summary>
    private static byte[] Noise(Random random)
    {
        byte[] bytes = new byte[random.Next(1, 60)];
        random.NextBytes(bytes);
        if (random.Next(8) > 0)
            bytes[0] = Starts[random.Next(Starts.Length)];
        if (bytes.Length > 1 && random.Next(4) > 0)
            bytes[1] = (byte)(0x80 | random.Next(random.Next(2) == 0 ? 8 : 128));
        return bytes;
    }

    private static byte[] AlmostFrames(Random random)
    {
        var bytes = new List<byte>();
        for (int frames = random.Next(1, 5); frames > 0; frames--)
        {
            var opcode = (Opcode)(Starts[random.Next(Starts.Length)] & 0x0F);
            byte[] payload = ClientFrames.Bytes(random.Next(10) == 0 ? random.Next(5000) : random.Next(126));
            if (opcode == Opcode.Close && payload.Length > 1)
                (payload[0], payload[1]) = (0x03, 0xE8);
            if (random.Next(2) == 0)
                payload = [.. payload.Select(b => (byte)(b & 0x7F))];
            bytes.AddRange(ClientFrames.Frame(opcode, payload, final: random.Next(4) > 0));
        }

        for (int flips = random.Next(3); flips > 0; flips--)
            bytes[random.Next(Math.Min(bytes.Count, 40))] ^= (byte)(1 << random.Next(8));
        return [.. bytes];
    }

    private static IEnumerable<List<byte[]>> RandomArrivals(Random random, byte[] input)
    {
        for (int at = 0; at < input.Length;)
        {
            var segments = new List<byte[]>();
            for (int count = random.Next(1, 4); count > 0; count--)
            {
                int length = Math.Min(random.Next(0, random.Next(2) == 0 ? 4 : 64), input.Length - at);
                segments.Add(input[at..(at + length)]);
                at += length;
            }

            yield return segments;
        }
    }
}
