using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using Gateway.Protocol.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Connections;

/// <summary>One object serves all connections, concurrently. Answers a WebSocket upgrade straight from Kestrel's transport and runs the connection until it ends.</summary>
internal sealed partial class GatewayConnectionHandler(Admission admission, HandshakeDeadlines deadlines, ConnectionServices services) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var output = OutputOf(connection);
        long start = Stopwatch.GetTimestamp();
        var upgraded = await UpgradeAsync(connection, output);
        services.Metrics.Handshaken(start);
        if (upgraded is var (admitted, answer))
            await new Connection(connection, output, services, admitted.Handler).RunAsync(answer);
    }

    /// <summary>Reads the request. What is admitted is answered by the connection; a refusal is sent here.</summary>
    private async Task<(Admitted Admitted, ReadOnlyMemory<byte> Answer)?> UpgradeAsync(ConnectionContext connection, IOutput output)
    {
        using var deadline = deadlines.Start(connection);
        try
        {
            while (true)
            {
                var result = await connection.Transport.Input.ReadAsync();
                if (deadline.HasPassed)
                    return null;
                if (Answer(connection, result, out var admitted) is { } answer)
                {
                    if (admitted is not null)
                        return (admitted, answer);
                    await output.SendAsync(answer);
                    await connection.Transport.Output.CompleteAsync();
                    return null;
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

    /// <summary>The answer to the request, once it is whole or already wrong; null while more of it is needed.</summary>
    private ReadOnlyMemory<byte>? Answer(ConnectionContext connection, ReadResult result, out Admitted? admitted)
    {
        admitted = null;
        var input = connection.Transport.Input;
        var outcome = UpgradeRequestParser.TryParse(result.Buffer, UpgradeRequestParser.DefaultMaxHeadBytes, out var request, out var refusal, out var consumed);
        if (outcome == UpgradeOutcome.NeedMoreData)
        {
            input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
            return null;
        }
        var answer = new ArrayBufferWriter<byte>(256);
        if (outcome == UpgradeOutcome.Accepted)
            admitted = admission.TryAdmit(request!, out refusal);
        if (admitted is not null)
        {
            UpgradeResponse.WriteAccepted(answer, request!, admitted.Subprotocol);
            input.AdvanceTo(consumed);
            return answer.WrittenMemory;
        }
        LogRefused(services.Log, refusal!.StatusCode, refusal.Message, connection.RemoteEndPoint);
        services.Metrics.Refused(refusal.StatusCode);
        UpgradeResponse.WriteRefused(answer, refusal);
        // Whatever else was sent is read too: closing a socket with unread input resets it, and the answer could be lost.
        input.AdvanceTo(result.Buffer.End);
        return answer.WrittenMemory;
    }

    private static IOutput OutputOf(ConnectionContext connection) => connection.Features.Get<IConnectionSocketFeature>() is { } feature
        ? new SocketOutput(feature.Socket)
        : new PipeOutput(connection.Transport.Output);

    [LoggerMessage(11, LogLevel.Debug, "Upgrade from {Remote} refused with {Status}: {Reason}.")]
    private static partial void LogRefused(ILogger log, int status, string reason, System.Net.EndPoint? remote);
}
