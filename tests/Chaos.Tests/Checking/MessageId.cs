using System.Globalization;
using System.Text.Json;

namespace Gateway.Chaos.Tests.Checking;

/// <summary>
/// A message by who made it and its number there. Its content follows from the two, so that a changed one is recognised. Immutable.
/// </summary>
/// <param name="Publisher">1, 2, 3 …</param>
/// <param name="Number">1, 2, 3 … over all channels of the publisher.</param>
internal readonly record struct MessageId(int Publisher, int Number)
{
    private const string Letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 \u00e4\u00f6\u00fc\u20ac";

    /// <summary>The content, as JSON.</summary>
    public string Content =>
        string.Create(CultureInfo.InvariantCulture, $$"""{"from":{{Publisher}},"number":{{Number}},"text":"{{Text}}"}""");

    /// <summary>A key for all attempts to send it.</summary>
    public string Key => string.Create(CultureInfo.InvariantCulture, $"{Publisher}-{Number}");

    /// <summary>Reads a content.</summary>
    /// <returns>False when it is none, or not byte for byte what it was.</returns>
    public static bool TryRead(JsonElement content, out MessageId id)
    {
        id = default;
        if (content.ValueKind != JsonValueKind.Object
            || !content.TryGetProperty("from", out var from) || !from.TryGetInt32(out int publisher)
            || !content.TryGetProperty("number", out var number) || !number.TryGetInt32(out int count))
        {
            return false;
        }
        id = new MessageId(publisher, count);
        return content.GetRawText() == id.Content;
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"p{Publisher}#{Number}");

    /// <summary>0 to 255 letters.</summary>
    private string Text
    {
        get
        {
            uint state = ((uint)Publisher * 2_654_435_761) ^ ((uint)Number * 40_503) ^ 0x9E3779B9;
            int length = (int)(Next(ref state) % 256);
            return string.Create(length, state, static (text, start) =>
            {
                for (int i = 0; i < text.Length; i++)
                    text[i] = Letters[(int)(Next(ref start) % (uint)Letters.Length)];
            });
        }
    }

    /// <summary>Marsaglia's xorshift.</summary>
    private static uint Next(ref uint state)
    {
        if (state == 0)
            state = 1;
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        return state;
    }
}
