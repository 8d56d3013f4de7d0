using System.Buffers.Binary;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class MaskingTests
{
    private static readonly byte[] Key = [0x11, 0x22, 0x44, 0x88];

    private static uint KeyAsRead(byte[] key) => BinaryPrimitives.ReadUInt32LittleEndian(key);

    private static byte[] Reference(ReadOnlySpan<byte> data, byte[] key)
    {
        byte[] result = data.ToArray();
        for (int i = 0; i < result.Length; i++)
            result[i] ^= key[i % 4];
        return result;
    }

    [Fact]
    public void Every_length_up_to_several_vectors_is_masked_and_nothing_beyond()
    {
        for (int length = 0; length <= 300; length++)
        {
            byte[] data = ClientFrames.Bytes(length + 8);
            byte[] expected = [.. data[..4], .. Reference(data.AsSpan(4, length), Key), .. data[(4 + length)..]];

            Masking.Apply(data.AsSpan(4, length), KeyAsRead(Key));

            Assert.Equal(expected, data);
        }
    }

    [Theory]
    [InlineData(0, "11224488")]
    [InlineData(1, "22448811")]
    [InlineData(2, "44881122")]
    [InlineData(3, "88112244")]
    [InlineData(4, "11224488")]
    [InlineData(71, "88112244")]
    public void The_key_is_returned_turned_to_the_next_byte(int length, string next) =>
        Assert.Equal(KeyAsRead(Convert.FromHexString(next)), Masking.Apply(new byte[length], KeyAsRead(Key)));

    [Fact]
    public void Pieces_of_any_length_at_any_offset_give_what_a_byte_by_byte_mask_gives()
    {
        Gen<int> lengths = Gen.OneOf(Gen.Choose(0, 20), Gen.Choose(0, 600));
        var cases =
            from key in Gen.ArrayOf(Gen.Choose(0, 255).Select(b => (byte)b), 4)
            from offset in Gen.Choose(0, 70)
            from pieces in Gen.ArrayOf(lengths)
            select (key, offset, pieces);

        Prop.ForAll(cases.ToArbitrary(), @case =>
        {
            (byte[] keyBytes, int offset, int[] pieces) = @case;
            byte[] data = ClientFrames.Bytes(offset + pieces.Sum());
            byte[] expected = [.. data[..offset], .. Reference(data.AsSpan(offset), keyBytes)];

            uint key = KeyAsRead(keyBytes);
            Span<byte> rest = data.AsSpan(offset);
            foreach (int piece in pieces)
            {
                key = Masking.Apply(rest[..piece], key);
                rest = rest[piece..];
            }

            return data.AsSpan().SequenceEqual(expected);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2000));
    }
}
