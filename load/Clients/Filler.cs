using System.Text;

namespace Gateway.Load.Clients;

/// <summary>
/// What stands in a content behind its marker: records as applications send them, so that it compresses as theirs do, in letters that no
/// server escapes. The same in every run, so that a changed one is noticed. Immutable.
/// </summary>
internal static class Filler
{
    private const int MaxBytes = 1 << 18;

    private static readonly string[] Names = ["apple", "orange", "notebook", "keyboard", "cable", "monitor", "stand", "lamp"];

    private static readonly byte[] Text = Write();

    /// <summary>So many bytes of it.</summary>
    public static ReadOnlySpan<byte> Of(int bytes) => Text.AsSpan(0, bytes);

    private static byte[] Write()
    {
        var random = new Random(7692);
        var text = new StringBuilder(MaxBytes + 100);
        while (text.Length < MaxBytes)
        {
            bool isInStock = random.Next(2) == 0;
            text.Append($"{{id:{random.Next(100_000, 999_999)},name:{Names[random.Next(Names.Length)]},");
            text.Append($"price:{random.Next(100, 99_999)},quantity:{random.Next(1, 9)},inStock:{isInStock}}},");
        }
        return Encoding.ASCII.GetBytes(text.ToString(0, MaxBytes));
    }
}
