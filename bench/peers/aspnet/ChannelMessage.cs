using System.Text.Json;

namespace Gateway.Bench.Peers;

/// <summary>The message of both sides. Immutable.</summary>
internal sealed record ChannelMessage(string Type, string Channel, string? Content = null, string? Sender = null)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    public static ChannelMessage Read(ReadOnlySpan<byte> json) => JsonSerializer.Deserialize<ChannelMessage>(json, Json)!;

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, Json);
}
