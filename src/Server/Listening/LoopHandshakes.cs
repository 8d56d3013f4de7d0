using System.Buffers;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Listening.EventLoop;

namespace Gateway.Server.Listening;

/// <summary>
/// The public port on event loops: looks at the first request of a connection without consuming it, answers upgrades on the loop itself and
/// hands everything else to the HTTP server. One object serves all connections, concurrently.
/// </summary>
/// <param name="first">Decides who handles a connection.</param>
/// <param name="upgrades">Answers upgrades.</param>
/// <param name="deadlines">Closes connections whose request head is late.</param>
internal sealed class LoopHandshakes(FirstRequest first, UpgradeHandler upgrades, HandshakeDeadlines deadlines) : ILoopHandshakes
{
    public void OnAccepted(LoopConnection connection) => deadlines.Start(connection);

    public ValueTask OnPeekedAsync(LoopConnection connection, Memory<byte> bytes)
    {
        switch (first.Classify(new ReadOnlySequence<byte>(bytes)))
        {
            case RequestKind.Upgrade:
                return upgrades.UpgradeAsync(connection, bytes);
            case RequestKind.Other:
                connection.Detach();
                return default;
            default:
                return default;
        }
    }
}
