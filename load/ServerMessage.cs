using System.Text.Json;

namespace Gateway.Load;

/// <summary>Immutable. What the scenarios look at in a message of the gateway.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Number">The <c>content.n</c> of a message of ours; -1 otherwise.</param>
/// <param name="SentAt">The <c>content.at</c> of a message of ours.</param>
internal readonly record struct ServerMessage(string Type, int Number, long SentAt)
{
    public static ServerMessage Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var root = document.RootElement;
        string type = root.GetProperty("type").GetString()!;
        if (type == "error")
            throw new LoadException($"refused: {root.GetProperty("code").GetString()}, {root.GetProperty("message").GetString()}");
        if (type != "message")
            return new ServerMessage(type, -1, 0);
        var content = root.GetProperty("content");
        return new ServerMessage(type, content.GetProperty("n").GetInt32(), content.GetProperty("at").GetInt64());
    }
}
