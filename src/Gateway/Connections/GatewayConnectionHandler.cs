using System.IO.Pipelines;
using Gateway.Protocol.WebSockets;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Connections;

/// <summary>One object serves all connections, concurrently. Answers a WebSocket upgrade straight from Kestrel's transport and runs the connection until it ends.</summary>
internal sealed partial class GatewayConnectionHandler(Admission admission, HandshakeDeadlines deadlines, ConnectionServices services) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        if (await UpgradeAsync(connection) is { } accepted)
            await accepted.RunAsync();
    }

    private async Task<Connection?> UpgradeAsync(ConnectionContext connection)
    {
        using var deadline = deadlines.Start(connection);
        try
        {
            while (true)
            {
                var result = await connection.Transport.Input.ReadAsync();
                if (deadline.HasPassed)
                    return null;
                if (TryAnswer(connection, result, out var accepted))
                {
                    await connection.Transport.Output.FlushAsync();
                    if (accepted is null)
                        await connection.Transport.Output.CompleteAsync();
                    return accepted;
                }
                if (result.IsCompleted)
                    return null;
            }
        }
        catch (Exception failure) when (failure is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            return null;
        }
    }

    /// <summary>Answers the request if it is whole, or already wrong.</summary>
    private bool TryAnswer(ConnectionContext connection, ReadResult result, out Connection? accepted)
    {
        accepted = null;
        var (input, output) = (connection.Transport.Input, connection.Transport.Output);
        var outcome = UpgradeRequestParser.TryParse(result.Buffer, UpgradeRequestParser.DefaultMaxHeadBytes, out var request, out var refusal, out var consumed);
        if (outcome == UpgradeOutcome.NeedMoreData)
        {
            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            return false;
        }
        if (outcome == UpgradeOutcome.Accepted && admission.TryAdmit(request!, out refusal) is { } admitted)
        {
            UpgradeResponse.WriteAccepted(output, request!, admitted.Subprotocol);
            input.AdvanceTo(consumed);
            accepted = new Connection(connection, services, admitted.Handler);
            return true;
        }
        LogRefused(services.Log, refusal!.StatusCode, refusal.Message, connection.RemoteEndPoint);
        services.Metrics.Refused(refusal.StatusCode);
        UpgradeResponse.WriteRefused(output, refusal);
        // Whatever else was sent is read too: closing a socket with unread input resets it, and the answer could be lost.
        input.AdvanceTo(result.Buffer.End);
        return true;
    }

    [LoggerMessage(11, LogLevel.Debug, "Upgrade from {Remote} refused with {Status}: {Reason}.")]
    private static partial void LogRefused(ILogger log, int status, string reason, System.Net.EndPoint? remote);
}
