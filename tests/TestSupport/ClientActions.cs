using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>Steps with a client, and readings of its messages, that many tests share.</summary>
public static class ClientActions
{
    /// <param name="client">Who publishes.</param>
    /// <param name="channel">A name that needs no escapes.</param>
    /// <param name="content">JSON.</param>
    /// <param name="more">Further fields, each with a leading comma.</param>
    public static Task PublishAsync(this JsonClient client, string channel, string content, string more = "") =>
        client.SendAsync($$"""{"type":"message","channel":"{{channel}}","content":{{content}}{{more}}}""");

    /// <summary>Publishes 1, 2, 3 … and waits until all are accepted. Not for a client that is subscribed to the channel.</summary>
    /// <returns>The last acknowledgement.</returns>
    public static async Task<JsonElement> PublishManyAsync(this JsonClient client, string channel, int count, int first = 1)
    {
        for (int i = first; i < first + count - 1; i++)
            await client.PublishAsync(channel, $"{i}");
        await client.PublishAsync(channel, $"{first + count - 1}", ""","id":"last" """);
        return await client.ReceiveAsync("ack");
    }

    public static Task<JsonElement> RecoverAsync(this JsonClient client, string channel, string epoch, long seq) =>
        client.AskAsync(
            $$$"""{"type":"subscribe","channel":"{{{channel}}}","recover":{"epoch":"{{{epoch}}}","seq":{{{seq}}}}}""", "subscribed");

    /// <summary>
    /// Sends, then returns the answer, whatever it is: the next message with the request's <c>id</c>. Those before it are dropped.
    /// </summary>
    public static async Task<JsonElement> AskAnythingAsync(this JsonClient client, string json)
    {
        string id = JsonDocument.Parse(json).RootElement.Raw("id");
        await client.SendAsync(json);
        return await client.ReceiveUntilAsync(message => message.Has("id") && message.Raw("id") == id);
    }

    /// <summary>Receives the next messages, each of which must be a <c>message</c>.</summary>
    public static async Task<List<JsonElement>> ReceiveMessagesAsync(this JsonClient client, int count)
    {
        var messages = new List<JsonElement>(count);
        while (messages.Count < count)
            messages.Add(await client.ReceiveAsync("message"));
        return messages;
    }

    /// <summary>Receives messages up to the first that matches, and drops those before it.</summary>
    public static async Task<JsonElement> ReceiveUntilAsync(this JsonClient client, Func<JsonElement, bool> fits)
    {
        while (true)
        {
            var message = await client.ReceiveAsync();
            if (fits(message))
                return message;
        }
    }

    /// <summary>
    /// Asserts that the gateway sends nothing before the answer to a ping. That is enough for replies, which keep their order.
    /// </summary>
    public static async Task<bool> HearsOnlyPongAsync(this JsonClient client)
    {
        string id = Guid.NewGuid().ToString("N");
        var next = await client.AskAsync($$"""{"type":"ping","id":"{{id}}"}""", "pong");
        return next.Text("id") == id;
    }

    public static string Text(this JsonElement message, string field) => message.GetProperty(field).GetString()!;

    public static long Number(this JsonElement message, string field) => message.GetProperty(field).GetInt64();

    public static bool Has(this JsonElement message, string field) => message.TryGetProperty(field, out _);

    /// <summary>The JSON of a field, byte for byte.</summary>
    public static string Raw(this JsonElement message, string field) => message.GetProperty(field).GetRawText();

    public static string[] Texts(this JsonElement message, string field) =>
        message.TryGetProperty(field, out var array) ? [.. array.EnumerateArray().Select(item => item.GetString()!)] : [];

    public static IEnumerable<long> Seqs(this IEnumerable<JsonElement> messages) => messages.Select(message => message.Number("seq"));
}
