using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>The protocol's messages on a <see cref="RawWebSocket"/>.</summary>
public static class RawMessages
{
    /// <summary>Receives the next text message, and ignores pings.</summary>
    public static async Task<JsonElement> ReadMessageAsync(this RawWebSocket client)
    {
        while (true)
        {
            var frame = await client.ReadFrameAsync() ?? throw new InvalidOperationException("the connection ended");
            if (frame.Opcode == 8)
                throw new InvalidOperationException($"closed with {frame.CloseCode} {frame.CloseReason}");
            if (frame.Opcode == 1)
                return JsonDocument.Parse(frame.Payload).RootElement;
        }
    }

    /// <summary>Receives messages up to the first that matches, and drops those before it.</summary>
    public static async Task<JsonElement> ReadUntilAsync(this RawWebSocket client, Func<JsonElement, bool> fits)
    {
        while (true)
        {
            var message = await client.ReadMessageAsync();
            if (fits(message))
                return message;
        }
    }
}
