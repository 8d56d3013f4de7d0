using Gateway.Protocol.Tests.WebSockets;
using Gateway.Protocol.WebSockets;
using Gateway.TestSupport;
using static Gateway.Protocol.Tests.WebSockets.ClientFrames;

namespace Gateway.Protocol.Tests.Compression;

/// <summary>Whatever comes as a compressed message, it ends as a message within the limit or as a violation with its reason.</summary>
public sealed class InflateFuzzTests
{
    private const int Inputs = 30_000;
    private const int Limit = 4096;

    [Fact]
    public void Random_bytes_only_lead_to_documented_outcomes() => Fuzz(seed: 7692, random =>
    {
        byte[] noise = new byte[random.Next(1, 80)];
        random.NextBytes(noise);
        return noise;
    });

    [Fact]
    public void Deflated_messages_with_changes_only_lead_to_documented_outcomes() => Fuzz(seed: 1951, random =>
    {
        byte[] message = new byte[random.Next(1, 3 * Limit / 2)];
        for (int i = 0; i < message.Length; i++)
            message[i] = (byte)random.Next(random.Next(2) == 0 ? 8 : 256);
        byte[] deflated = Deflated.Of(message);
        for (int changes = random.Next(4); changes > 0; changes--)
            deflated[random.Next(deflated.Length)] ^= (byte)(1 << random.Next(8));
        return random.Next(4) == 0 ? deflated[..random.Next(deflated.Length)] : deflated;
    });

    private static void Fuzz(int seed, Func<Random, byte[]> generate)
    {
        var random = new Random(seed);
        var seen = new HashSet<(FrameKind, CloseCode)>();
        for (int i = 0; i < Inputs; i++)
        {
            byte[] payload = generate(random);
            int at = random.Next(payload.Length + 1);
            byte[] whole = Compressed(Opcode.Binary, payload);
            byte[] fragments = [.. Compressed(Opcode.Binary, payload[..at], final: false), .. Continuation(payload[at..])];
            var outcome = Assert.Single(Reading.Read(Limit, [[whole]], allowsCompression: true));
            var inFragments = Reading.Read(Limit, [[fragments[..(at / 2)], fragments[(at / 2)..]]], allowsCompression: true);
            Assert.Equal(outcome, Assert.Single(inFragments));
            Assert.InRange(outcome.Payload.Length / 2, 0, Limit);
            seen.Add((outcome.Kind, outcome.Kind == FrameKind.Violation ? outcome.Status.Code : default));
        }
        Assert.Subset(
            new HashSet<(FrameKind, CloseCode)>
            {
                (FrameKind.Binary, default), (FrameKind.Violation, CloseCode.InvalidPayload),
                (FrameKind.Violation, CloseCode.MessageTooBig),
            },
            seen);
        Assert.Contains((FrameKind.Violation, CloseCode.InvalidPayload), seen);
    }
}
