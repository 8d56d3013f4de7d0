using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Audit;
using Gateway.Server.Metrics;
using Gateway.Server.Options;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Listening;

/// <summary>
/// One object serves all connections of a listener, concurrently. The public port: looks at the first request without consuming
/// it, runs WebSocket connections from Kestrel's transport and hands everything else, untouched, to the HTTP server.
/// </summary>
/// <param name="options">The node's.</param>
/// <param name="upgrades">Answers upgrades.</param>
/// <param name="deadlines">For who is slow to send a request.</param>
/// <param name="audit">Told of them.</param>
/// <param name="idle">Closes connections of the HTTP server that ask nothing more.</param>
/// <param name="http">The HTTP server on the same port.</param>
internal sealed class GatewayConnectionHandler(
    GatewayOptions options, UpgradeHandler upgrades, HandshakeDeadlines deadlines, AuditLog audit, IdleHttp idle, ConnectionDelegate http)
    : ConnectionHandler
{
    private readonly IReadOnlyList<byte[]> _paths = AdmissionControl.Paths(options);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        switch (await PeekAsync(connection))
        {
            case RequestKind.Upgrade:
                // Run from here, for the state of every method that waits for a connection's end is memory of that connection.
                if (await upgrades.UpgradeAsync(connection) is var (upgraded, answer))
                    await upgraded.RunAsync(answer);
                break;
            case RequestKind.Other:
                await ServeAsync(connection);
                break;
        }
    }

    /// <summary>A method of its own, whose state is no memory of WebSockets.</summary>
    private async Task ServeAsync(ConnectionContext connection)
    {
        using var activity = idle.Start(connection);
        connection.Features.Set(PublicPort.Mark);
        connection.Features.Set(activity);
        await http(connection);
    }

    /// <returns><see cref="RequestKind.NeedMoreData"/> when the connection ended, or its time did, before that was clear.</returns>
    private async Task<RequestKind> PeekAsync(ConnectionContext connection)
    {
        using var deadline = deadlines.Start(connection);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var result = await input.ReadAsync();
                var kind = deadline.HasPassed
                    ? RequestKind.NeedMoreData
                    : UpgradeDetector.Classify(result.Buffer, _paths, UpgradeRequestParser.DefaultMaxHeadBytes);
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
