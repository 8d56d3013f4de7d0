using Gateway.Protocol.WebSockets;
using Gateway.Server.Audit;
using Gateway.Server.Metrics;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Listening;

/// <summary>
/// The public port: looks at the first request of a connection without consuming it, runs WebSocket connections from Kestrel's transport
/// and hands everything else, untouched, to the HTTP server. One object serves all connections of a listener, concurrently.
/// </summary>
/// <param name="first">Decides who handles a connection.</param>
/// <param name="upgrades">Answers upgrades.</param>
/// <param name="deadlines">Aborts connections whose request head is late.</param>
/// <param name="audit">Counts those.</param>
/// <param name="idle">Closes connections of the HTTP server that are without a request for too long.</param>
/// <param name="http">The HTTP server on the same port.</param>
internal sealed class GatewayConnectionHandler(
    FirstRequest first, UpgradeHandler upgrades, HandshakeDeadlines deadlines, AuditLog audit, IdleHttp idle, ConnectionDelegate http)
    : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        switch (await PeekAsync(connection).ConfigureAwait(false))
        {
            case RequestKind.Upgrade:
                // Run by this method: the state of every method that waits for a connection's end is memory of that connection.
                if (await upgrades.UpgradeAsync(connection).ConfigureAwait(false) is var (upgraded, answer))
                    await upgraded.RunAsync(answer).ConfigureAwait(false);
                break;
            case RequestKind.Other:
                await ServeAsync(connection).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>A method of its own, so that its state is no memory of WebSockets.</summary>
    private async Task ServeAsync(ConnectionContext connection)
    {
        using var activity = idle.Start(connection);
        connection.Features.Set(PublicPort.Mark);
        connection.Features.Set(activity);
        await http(connection).ConfigureAwait(false);
    }

    /// <returns><see cref="RequestKind.NeedMoreData"/> when the connection or its time ended before the kind was clear.</returns>
    private async Task<RequestKind> PeekAsync(ConnectionContext connection)
    {
        using var deadline = deadlines.Start(connection);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var result = await input.ReadAsync().ConfigureAwait(false);
                var kind = deadline.HasPassed
                    ? RequestKind.NeedMoreData
                    : first.Classify(result.Buffer);
                if (kind != RequestKind.NeedMoreData)
                {
                    // Nothing consumed and nothing examined: the next reader gets the same bytes at once.
                    input.AdvanceTo(result.Buffer.Start);
                    return kind;
                }
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (deadline.HasPassed)
                    audit.Aborted(connection.RemoteEndPoint, AbortReason.HandshakeTimeout);
                if (result.IsCompleted || deadline.HasPassed)
                    return RequestKind.NeedMoreData;
            }
        }
        catch (Exception failure) when (failure is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            return RequestKind.NeedMoreData;
        }
    }
}
