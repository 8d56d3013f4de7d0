using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Naming;

namespace Gateway.Server.Dialects.Echo;

/// <summary>WebSocket frames for clients that subscribe to nothing.</summary>
internal sealed class EchoEncoding : WebSocketEncoding
{
    public static readonly EchoEncoding Instance = new();

    private EchoEncoding()
    {
    }

    public override void WriteMessage(FrameBatch output, ChannelName channel, in Publication publication) =>
        throw new NotSupportedException();

    public override void WritePresence(FrameBatch output, ChannelName channel, PresenceMessage presence) =>
        throw new NotSupportedException();
}
