using System.Text.Json;
using Gateway.Load.Sockets;

namespace Gateway.Load.Dialects;

/// <summary>
/// The gateway's protocol, and the part of it that small servers speak: subscribe and message. Stateless and safe for any thread.
/// </summary>
internal sealed class JsonDialect : IDialect
{
    private JsonDialect(string? subprotocol, bool greets)
    {
        Subprotocol = subprotocol;
        Greets = greets;
    }

    public static JsonDialect Gateway { get; } = new("gateway.v1.json", greets: true);

    /// <summary>Without <c>connected</c>.</summary>
    public static JsonDialect Plain { get; } = new(null, greets: false);

    public string? Subprotocol { get; }

    public string? Opening => null;

    public bool Greets { get; }

    public Envelope Echo { get; } = new("", "");

    public Envelope Publish(string channel) => new($$"""{"type":"message","channel":{{Quote(channel)}},"content":""" + "\"", "\"}");

    public string Subscribe(string channel) => $$"""{"type":"subscribe","channel":{{Quote(channel)}}}""";

    /// <summary>Goes on where a connection ended; see docs/protocol.md, "Recovery".</summary>
    public static string Recover(string channel, string epoch, long seq) =>
        $$$"""{"type":"subscribe","channel":{{{Quote(channel)}}},"recover":{"epoch":{{{Quote(epoch)}}},"seq":{{{seq}}} }}""";

    public void Read(ReadOnlySpan<byte> message, IReceiver receiver)
    {
        int content = message.IndexOf(Marker.Sign);
        if (content >= 0 && Marker.TryRead(message[content..], out _))
            receiver.OnContent(message[content..]);
        else
            receiver.OnControl(ReadControl(message));
    }

    private static string Quote(string text) => JsonSerializer.Serialize(text);

    private static ServerMessage ReadControl(ReadOnlySpan<byte> message)
    {
        using var document = JsonDocument.Parse(message.ToArray());
        var root = document.RootElement;
        return new ServerMessage(root.GetProperty("type").GetString()!)
        {
            User = Text(root, "user"),
            Channel = Text(root, "channel"),
            Epoch = Text(root, "epoch"),
            Seq = root.TryGetProperty("seq", out var seq) ? seq.GetInt64() : 0,
            IsRecovered = root.TryGetProperty("recovered", out var recovered) && recovered.GetBoolean(),
            Joined = [.. Texts(root, "users"), .. Texts(root, "joined")],
            Left = Texts(root, "left"),
            Reason = $"{Text(root, "code")} {Text(root, "message")}{Text(root, "reason")}".Trim(),
        };
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out var value) ? value.ToString() : null;

    private static string[] Texts(JsonElement root, string name) =>
        root.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array
            ? [.. list.EnumerateArray().Select(value => value.GetString()!)]
            : [];
}
