using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Gateway.Protocol.WebSockets;

namespace Gateway.Protocol.Tests.WebSockets;

public sealed class Utf8ValidatorTests
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static bool IsValid(byte[] bytes)
    {
        try
        {
            Strict.GetCharCount(bytes);
            return true;
        }
        catch (DecoderFallbackException)
        {
            return false;
        }
    }

    /// <summary>Whether something could follow that makes the bytes valid: a brute-force answer for the last character.</summary>
    private static bool CanBecomeValid(byte[] bytes)
    {
        byte[][] endings = [[], [0x80], [0xBF], [0x80, 0x80], [0xBF, 0x80], [0x80, 0x80, 0x80], [0xBF, 0x80, 0x80], [0x90, 0x80, 0x80]];
        return endings.Any(ending => IsValid([.. bytes, .. ending]));
    }

    [Theory]
    [InlineData("80")]
    [InlineData("BF")]
    [InlineData("C0")]
    [InlineData("C1")]
    [InlineData("F5")]
    [InlineData("FF")]
    [InlineData("E080")]
    [InlineData("E09F")]
    [InlineData("EDA0")]
    [InlineData("F080")]
    [InlineData("F08F")]
    [InlineData("F490")]
    [InlineData("C361")]
    [InlineData("E28261")]
    [InlineData("F09F9861")]
    public void What_can_never_be_UTF8_is_found_at_its_last_byte(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);

        Assert.False(new Utf8Validator().TryAppend(bytes));
        Assert.False(new Utf8Validator().TryAppend([.. "before"u8, .. bytes]));

        var bytewise = new Utf8Validator();
        Assert.All(bytes[..^1], b => Assert.True(bytewise.TryAppend([b])));
        Assert.False(bytewise.TryAppend(bytes.AsSpan()[^1..]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("61")]
    [InlineData("C2A2")]
    [InlineData("ED9FBF")]
    [InlineData("EE8080")]
    [InlineData("F48FBFBF")]
    [InlineData("EFBBBF")]
    public void Whole_characters_are_complete_and_their_beginnings_are_not(string hex)
    {
        byte[] bytes = Convert.FromHexString(hex);
        var whole = new Utf8Validator();
        Assert.True(whole.TryAppend(bytes));
        Assert.True(whole.IsComplete);

        for (int length = 1; length < bytes.Length; length++)
        {
            var part = new Utf8Validator();
            Assert.True(part.TryAppend(bytes.AsSpan(0, length)));
            Assert.False(part.IsComplete);
        }
    }

    [Fact]
    public void Every_two_byte_beginning_is_judged_as_a_strict_decoder_would()
    {
        for (int first = 0; first < 256; first++)
        {
            for (int second = 0; second < 256; second++)
            {
                byte[] bytes = [(byte)first, (byte)second];
                Assert.True(
                    CanBecomeValid(bytes) == new Utf8Validator().TryAppend(bytes), Convert.ToHexString(bytes) + " at once");

                var split = new Utf8Validator();
                bool accepted = split.TryAppend([(byte)first]) && split.TryAppend([(byte)second]);
                Assert.True(CanBecomeValid(bytes) == accepted, Convert.ToHexString(bytes) + " in parts");
            }
        }
    }

    [Fact]
    public void Reset_forgets_a_character_that_was_begun()
    {
        var validator = new Utf8Validator();
        validator.TryAppend([0xE2]);
        validator.Reset();

        Assert.True(validator.IsComplete);
        Assert.True(validator.TryAppend("a"u8));
    }

    [Fact]
    public void Any_text_cut_anywhere_is_judged_as_a_strict_decoder_would()
    {
        Gen<byte[]> characters = Gen.Elements("a", "plain words", "ß", "€", "한", "😀", "\U0010FFFF").Select(Encoding.UTF8.GetBytes);
        Gen<byte[]> broken = Gen.Elements("80", "C0", "C3", "E282", "EDA0", "F09F98", "F490", "FF").Select(Convert.FromHexString);
        var cases =
            from parts in Gen.ListOf(Gen.Frequency((15, characters), (1, broken)))
            from cuts in Gen.ListOf(Gen.Choose(1, 5))
            select (bytes: parts.SelectMany(p => p).ToArray(), cuts);
        int valid = 0;
        int invalid = 0;

        Prop.ForAll(cases.ToArbitrary(), @case =>
        {
            var validator = new Utf8Validator();
            bool accepted = true;
            int at = 0;
            foreach (int cut in @case.cuts.Append(int.MaxValue))
            {
                int next = (int)Math.Min((long)at + cut, @case.bytes.Length);
                accepted = accepted && validator.TryAppend(@case.bytes.AsSpan(at, next - at));
                Assert.Equal(accepted, CanBecomeValid(@case.bytes[..next]));
                at = next;
            }

            bool expected = IsValid(@case.bytes);
            _ = expected ? valid++ : invalid++;
            return expected == (accepted && validator.IsComplete);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

        Assert.True(valid > 100 && invalid > 100, $"the generator is lopsided: {valid} valid, {invalid} invalid");
    }
}
