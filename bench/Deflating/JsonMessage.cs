using System.Text;
using System.Text.Json;

namespace Gateway.Bench.Deflating;

/// <summary>JSON as applications send it, the same in every run: an order's items in the gateway's own message. Stateless.</summary>
internal static class JsonMessage
{
    private static readonly string[] Names = ["apple", "orange", "notebook", "keyboard", "cable", "monitor", "stand", "lamp"];

    /// <param name="bytes">About as many, and exactly so many where the message is cut there.</param>
    public static byte[] Of(int bytes)
    {
        var random = new Random(7692);
        var items = new List<object>();
        string text;
        do
        {
            items.Add(new
            {
                id = random.Next(100_000, 999_999),
                name = Names[random.Next(Names.Length)],
                price = random.Next(100, 99_999) / 100.0,
                quantity = random.Next(1, 9),
                inStock = random.Next(2) == 0,
            });
            text = JsonSerializer.Serialize(new { type = "message", channel = "orders:eu", content = new { items }, sender = "ann" });
        }
        while (Encoding.UTF8.GetByteCount(text) < bytes);
        return Encoding.UTF8.GetBytes(text)[..bytes];
    }
}
