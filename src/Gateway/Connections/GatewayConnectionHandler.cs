using System.Buffers;
using System.IO.Pipelines;
using Gateway.Http;
using Gateway.Protocol.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Connections;

/// <summary>One object serves all connections, concurrently. Answers a WebSocket upgrade straight from Kestrel's transport and runs the connection until it ends.</summary>
internal sealed class GatewayConnectionHandler(Admission admission, ClientAddresses addresses, HandshakeDeadlines deadlines, ConnectionServices services) : ConnectionHandler
{
    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        var output = OutputOf(connection);
        if (await UpgradeAsync(connection, output) is var (admitted, answer))
        {
            using var lease = admitted.Lease;
            await new Connection(connection, output, services, admitted).RunAsync(answer);
        }
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
        var address = addresses.Of(connection.RemoteEndPoint, request?.ForwardedFor);
        if (outcome == UpgradeOutcome.Accepted)
            admitted = admission.TryAdmit(request!, address, out refusal);
        if (admitted is not null)
        {
            UpgradeResponse.WriteAccepted(answer, request!, admitted.Subprotocol);
            input.AdvanceTo(consumed);
            return answer.WrittenMemory;
        }
        services.Audit.Refused(address, refusal!);
        UpgradeResponse.WriteRefused(answer, refusal!);
        // Whatever else was sent is read too: closing a socket with unread input resets it, and the answer could be lost.
        input.AdvanceTo(result.Buffer.End);
        return answer.WrittenMemory;
    }

    private static IOutput OutputOf(ConnectionContext connection) =>
        connection.Features.Get<ITlsHandshakeFeature>() is null && connection.Features.Get<IConnectionSocketFeature>() is { } feature
        ? new SocketOutput(feature.Socket)
        : new PipeOutput(connection.Transport.Output);
}
