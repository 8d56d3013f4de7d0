using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>The protocol's messages on a <see cref="RawWebSocket"/>.</summary>
public static class RawMessages
{
    /// <summary>The next text message; pings are passed over.</summary>
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

    /// <summary>The first message that fits; those before it are dropped.</summary>
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
