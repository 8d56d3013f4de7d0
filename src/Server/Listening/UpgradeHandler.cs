using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace Gateway.Server.Listening;

/// <summary>Answers a WebSocket upgrade straight from Kestrel's transport. One object serves all connections, concurrently.</summary>
internal sealed class UpgradeHandler(AdmissionControl admission, ClientAddresses addresses, ConnectionServices services)
{
    /// <summary>Reads a request whose head has come, and sends the answer to one that is refused.</summary>
    /// <returns>The connection to run, and the answer that it sends first; null when there is none to run.</returns>
    public async Task<(Connection Connection, ReadOnlyMemory<byte> Answer)?> UpgradeAsync(ConnectionContext connection)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            var transport = TransportOf(connection);
            return TryTakeRequest(connection.Transport.Input, out var request, out var refusal)
                ? await DecideAsync(connection, transport, request, refusal)
                : null;
        }
        catch (Exception failure) when (failure is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            return null;
        }
        finally
        {
            services.Metrics.Handshaken(start);
        }
    }

    /// <summary>Takes the request off the input. All of it is there: only then was it told from other requests.</summary>
    private static bool TryTakeRequest(PipeReader input, out UpgradeRequest? request, out UpgradeRefusal? refusal)
    {
        (request, refusal) = (null, null);
        if (!input.TryRead(out var result))
            return false;
        var outcome = UpgradeRequestParser.TryParse(result.Buffer, UpgradeRequestParser.DefaultMaxHeadBytes, out request, out refusal, out var consumed);
        // With a refusal, whatever else was sent is read too: closing a socket with unread input resets it, and the answer could be lost.
        input.AdvanceTo(outcome == UpgradeOutcome.Accepted ? consumed : result.Buffer.End);
        return outcome != UpgradeOutcome.NeedMoreData;
    }

    private async ValueTask<(Connection Connection, ReadOnlyMemory<byte> Answer)?> DecideAsync(
        ConnectionContext connection, PipeTransport transport, UpgradeRequest? request, UpgradeRefusal? refusal)
    {
        Admitted? admitted = null;
        var address = addresses.Of(connection.RemoteEndPoint, request?.ForwardedFor);
        if (request is not null)
            (admitted, refusal) = await admission.AdmitAsync(request, address);
        var answer = new ArrayBufferWriter<byte>(256);
        if (admitted is not null)
        {
            UpgradeResponse.WriteAccepted(answer, request!, admitted.Subprotocol);
            return (new Connection(transport, admitted.Encoding, services, admitted.Lease, admitted.Handler), answer.WrittenMemory);
        }
        services.Audit.Refused(address, refusal!);
        UpgradeResponse.WriteRefused(answer, refusal!);
        // Frames sent without waiting for the answer are unread input too.
        if (connection.Transport.Input.TryRead(out var rest))
            connection.Transport.Input.AdvanceTo(rest.Buffer.End);
        await transport.Output.SendAsync(answer.WrittenMemory);
        await transport.EndOutputAsync();
        return null;
    }

    private static PipeTransport TransportOf(ConnectionContext connection) =>
        connection.Features.Get<ITlsHandshakeFeature>() is null && connection.Features.Get<IConnectionSocketFeature>() is { } feature
        ? new SocketTransport(connection, feature.Socket)
        : new TlsTransport(connection);
}
