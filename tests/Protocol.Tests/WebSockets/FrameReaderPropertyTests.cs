using FsCheck;
using FsCheck.Fluent;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class FrameReaderPropertyTests
{
    private sealed record Control(bool IsPing, byte[] Payload);

    private sealed record Fragment(byte[] Payload, byte[] Key, IReadOnlyList<Control> Before);

    private sealed record Message(bool IsText, IReadOnlyList<Fragment> Fragments);

    private static readonly Gen<byte> AnyByte = Gen.Choose(0, 255).Select(b => (byte)b);

    // ASCII, so that every fragment is valid in a text and in a binary.
    private static readonly Gen<byte[]> Payload =
        from length in Gen.OneOf(Gen.Choose(0, 20), Gen.Choose(100, 140), Gen.Choose(0, 3000))
        from seed in Gen.Choose(0, 127)
        select ClientFrames.Bytes(length).Select(b => (byte)((b + seed) & 0x7F)).ToArray();

    private static readonly Gen<Control> AnyControl =
        from isPing in Gen.Elements(true, false)
        from length in Gen.OneOf(Gen.Constant(0), Gen.Choose(1, 125))
        select new Control(isPing, ClientFrames.Bytes(length));

    private static readonly Gen<Fragment> AnyFragment =
        from payload in Payload
        from key in Gen.ArrayOf(AnyByte, 4)
        from controls in Gen.Frequency((3, Gen.Constant(new List<Control>())), (1, Gen.ListOf(AnyControl).Select(c => c.Take(3).ToList())))
        select new Fragment(payload, key, controls);

    private static readonly Gen<Message> AnyMessage =
        from isText in Gen.Elements(true, false)
        from count in Gen.Frequency((3, Gen.Constant(1)), (2, Gen.Choose(2, 5)))
        from fragments in Gen.ListOf(AnyFragment, count)
        select new Message(isText, [.. fragments]);

    [Fact]
    public void Any_messages_cut_anywhere_come_out_as_they_were_sent()
    {
        var cases =
            from messages in Gen.ListOf(AnyMessage)
            from cuts in Gen.NonEmptyListOf(Gen.OneOf(Gen.Choose(1, 16), Gen.Choose(1, 2000)))
            select (messages, cuts);

        Prop.ForAll(cases.ToArbitrary(), @case =>
        {
            var input = new List<byte>();
            var expected = new List<Received>();
            foreach (Message message in @case.messages)
                Send(message, input, expected);

            Assert.Equal(expected, Reading.Read(Reading.Limit, [Cut([.. input], [.. @case.cuts])]));
            Assert.Equal(expected, Reading.Read(Reading.Limit, Cut([.. input], [.. @case.cuts]).Select(part => new List<byte[]> { part })));
            return true;
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));
    }

    private static void Send(Message message, List<byte> input, List<Received> expected)
    {
        Opcode opcode = message.IsText ? Opcode.Text : Opcode.Binary;
        for (int i = 0; i < message.Fragments.Count; i++)
        {
            Fragment fragment = message.Fragments[i];
            foreach (Control control in fragment.Before)
            {
                input.AddRange(ClientFrames.Frame(control.IsPing ? Opcode.Ping : Opcode.Pong, control.Payload, key: fragment.Key));
                expected.Add(Received.Of(control.IsPing ? FrameKind.Ping : FrameKind.Pong, control.Payload));
            }

            bool isLast = i == message.Fragments.Count - 1;
            input.AddRange(ClientFrames.Frame(i == 0 ? opcode : Opcode.Continuation, fragment.Payload, isLast, fragment.Key));
        }

        byte[] whole = [.. message.Fragments.SelectMany(f => f.Payload)];
        expected.Add(Received.Of(message.IsText ? FrameKind.Text : FrameKind.Binary, whole));
    }

    /// <summary>Cuts the bytes into parts of the given lengths, used over and over.</summary>
    private static List<byte[]> Cut(byte[] bytes, int[] lengths)
    {
        var parts = new List<byte[]>();
        for (int at = 0, i = 0; at < bytes.Length; i++)
        {
            int length = Math.Min(lengths[i % lengths.Length], bytes.Length - at);
            parts.Add(bytes[at..(at + length)]);
            at += length;
        }

        return parts;
    }
}
