using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using Gateway.Http;
using Gateway.Protocol.WebSockets;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Connections;

/// <summary>One object serves all connections, concurrently. Answers a WebSocket upgrade straight from Kestrel's transport.</summary>
internal sealed class UpgradeHandler(Admission admission, ClientAddresses addresses, HandshakeDeadlines deadlines, ConnectionServices services)
{
    /// <summary>Reads the request. A refusal is sent here; what is admitted is to be run with the answer, which it sends itself, and gives its lease back.</summary>
    public async Task<(Connection Connection, ReadOnlyMemory<byte> Answer)?> UpgradeAsync(ConnectionContext connection)
    {
        var output = OutputOf(connection);
        long start = Stopwatch.GetTimestamp();
        var upgraded = await ReadRequestAsync(connection, output);
        services.Metrics.Handshaken(start);
        return upgraded is var (admitted, answer) ? (new Connection(connection, output, services, admitted), answer) : null;
    }

    private async Task<(Admitted Admitted, ReadOnlyMemory<byte> Answer)?> ReadRequestAsync(ConnectionContext connection, IOutput output)
    {
        using var deadline = deadlines.Start(connection);
        try
        {
            while (true)
            {
                var result = await connection.Transport.Input.ReadAsync();
                if (deadline.HasPassed)
                    return null;
                if (TryTakeRequest(connection.Transport.Input, result.Buffer, out var request, out var refusal))
                    return await DecideAsync(connection, output, request, refusal);
                if (result.IsCompleted)
                    return null;
            }
        }
        catch (Exception failure) when (failure is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            return null;
        }
    }

    /// <summary>Takes the request off the input, once it is whole or already wrong.</summary>
    private static bool TryTakeRequest(PipeReader input, ReadOnlySequence<byte> buffer, out UpgradeRequest? request, out UpgradeRefusal? refusal)
    {
        var outcome = UpgradeRequestParser.TryParse(buffer, UpgradeRequestParser.DefaultMaxHeadBytes, out request, out refusal, out var consumed);
        if (outcome == UpgradeOutcome.NeedMoreData)
            input.AdvanceTo(buffer.Start, buffer.End);
        else
            // With a refusal, whatever else was sent is read too: closing a socket with unread input resets it, and the answer could be lost.
            input.AdvanceTo(outcome == UpgradeOutcome.Accepted ? consumed : buffer.End);
        return outcome != UpgradeOutcome.NeedMoreData;
    }

    private async Task<(Admitted Admitted, ReadOnlyMemory<byte> Answer)?> DecideAsync(
        ConnectionContext connection, IOutput output, UpgradeRequest? request, UpgradeRefusal? refusal)
    {
        Admitted? admitted = null;
        var address = addresses.Of(connection.RemoteEndPoint, request?.ForwardedFor);
        if (request is not null)
            (admitted, refusal) = await admission.AdmitAsync(request, address);
        var answer = new ArrayBufferWriter<byte>(256);
        if (admitted is not null)
        {
            UpgradeResponse.WriteAccepted(answer, request!, admitted.Subprotocol);
            return (admitted, answer.WrittenMemory);
        }
        services.Audit.Refused(address, refusal!);
        UpgradeResponse.WriteRefused(answer, refusal!);
        // Frames sent without waiting for the answer are unread input too.
        if (connection.Transport.Input.TryRead(out var rest))
            connection.Transport.Input.AdvanceTo(rest.Buffer.End);
        await output.SendAsync(answer.WrittenMemory);
        await connection.Transport.Output.CompleteAsync();
        return null;
    }

    private static IOutput OutputOf(ConnectionContext connection) =>
        connection.Features.Get<ITlsHandshakeFeature>() is null && connection.Features.Get<IConnectionSocketFeature>() is { } feature
        ? new SocketOutput(feature.Socket)
        : new PipeOutput(connection.Transport.Output);
}
