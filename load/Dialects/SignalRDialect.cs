using System.Text.Json;
using Gateway.Load.Sockets;

namespace Gateway.Load.Dialects;

/// <summary>
/// SignalR's JSON hub protocol over a WebSocket without negotiation; the hub has the methods Echo, Subscribe and Publish. Stateless and
/// safe for any thread.
/// </summary>
/// <remarks>aspnetcore, src/SignalR/docs/specs/HubProtocol.md: records end with 0x1E, and one WebSocket message may hold several.</remarks>
internal sealed class SignalRDialect : IDialect
{
    private const byte End = 0x1E;
    private static readonly byte[] Ping = [.. """{"type":6}"""u8, End];

    public static SignalRDialect Instance { get; } = new();

    public string? Subprotocol => null;

    public string? Opening => "{\"protocol\":\"json\",\"version\":1}\x1e";

    public bool Greets => true;

    public Envelope Echo { get; } = new("""{"type":1,"target":"Echo","arguments":[""" + "\"", "\"]}\x1e");

    public Envelope Publish(string channel) =>
        new($$"""{"type":1,"target":"Publish","arguments":[{{JsonSerializer.Serialize(channel)}},""" + "\"", "\"]}\x1e");

    public string Subscribe(string channel) =>
        $$"""{"type":1,"invocationId":"1","target":"Subscribe","arguments":[{{JsonSerializer.Serialize(channel)}}]}""" + "\x1e";

    public void Read(ReadOnlySpan<byte> message, IReceiver receiver)
    {
        for (int end = message.IndexOf(End); end >= 0; end = message.IndexOf(End))
        {
            ReadRecord(message[..end], receiver);
            message = message[(end + 1)..];
        }
    }

    private static void ReadRecord(ReadOnlySpan<byte> record, IReceiver receiver)
    {
        int content = record.IndexOf(Marker.Sign);
        if (content >= 0 && Marker.TryRead(record[content..], out _))
        {
            receiver.OnContent(record[content..]);
            return;
        }
        using var document = JsonDocument.Parse(record.ToArray());
        var root = document.RootElement;
        bool isFailure = root.TryGetProperty("error", out var error);
        switch (root.TryGetProperty("type", out var type) ? type.GetInt32() : 0)
        {
            case var _ when isFailure:
                receiver.OnControl(new ServerMessage(ServerMessage.Error) { Reason = error.ToString() });
                break;
            case 0:
                receiver.OnControl(new ServerMessage(ServerMessage.Connected));
                break;
            case 3:
                receiver.OnControl(new ServerMessage(ServerMessage.Subscribed));
                break;
            case 6:
                receiver.Reply(Ping);
                break;
        }
    }
}
