using System.Buffers;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;
using Gateway.Server.Connections;
using Gateway.Server.Listening.EventLoop;
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
            var input = connection.Transport.Input;
            if (!TryTakeRequest(input, out var request, out var refusal))
                return null;
            var (upgraded, answer) = await DecideAsync(transport, connection.RemoteEndPoint, request, refusal).ConfigureAwait(false);
            if (upgraded is not null)
                return (upgraded, answer);
            // Frames sent without waiting for the answer are unread input too.
            if (input.TryRead(out var rest))
                input.AdvanceTo(rest.Buffer.End);
            await transport.Output.SendAsync(answer).ConfigureAwait(false);
            await transport.EndOutputAsync().ConfigureAwait(false);
            return null;
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

    /// <summary>Answers a request whose head has come on an event loop, and runs the connection that comes of it.</summary>
    /// <param name="connection">The accepted socket.</param>
    /// <param name="bytes">What has come, from the first byte of the request on.</param>
    /// <returns>Completes when the connection has opened, or is closed.</returns>
    public async ValueTask UpgradeAsync(LoopConnection connection, Memory<byte> bytes)
    {
        long start = Stopwatch.GetTimestamp();
        var input = new ReadOnlySequence<byte>(bytes);
        var outcome = HandshakeRequestParser.TryParse(
            input, HandshakeRequestParser.DefaultMaxHeadBytes, out var request, out var refusal, out var consumed);
        connection.StopPeeking(outcome == HandshakeOutcome.Accepted ? bytes[..(int)input.Slice(0, consumed).Length] : bytes);
        var (upgraded, answer) = await DecideAsync(connection, connection.Peer, request, refusal).ConfigureAwait(false);
        services.Metrics.Handshaken(start);
        if (upgraded is not null)
        {
            await upgraded.RunAsync(answer).ConfigureAwait(false);
            return;
        }
        await connection.SendAsync(answer).ConfigureAwait(false);
        connection.Close();
    }

    /// <summary>Takes the request off the input. All of it is there: only then was it told from other requests.</summary>
    private static bool TryTakeRequest(PipeReader input, out HandshakeRequest? request, out HandshakeRefusal? refusal)
    {
        (request, refusal) = (null, null);
        if (!input.TryRead(out var result))
            return false;
        var outcome = HandshakeRequestParser.TryParse(
            result.Buffer, HandshakeRequestParser.DefaultMaxHeadBytes, out request, out refusal, out var consumed);
        // With a refusal, whatever else was sent is read too: closing a socket with unread input resets it, and the answer could be lost.
        input.AdvanceTo(outcome == HandshakeOutcome.Accepted ? consumed : result.Buffer.End);
        return outcome != HandshakeOutcome.NeedMoreData;
    }

    /// <returns>The connection to run, null after a refusal, and the answer.</returns>
    private async ValueTask<(Connection? Connection, ReadOnlyMemory<byte> Answer)> DecideAsync(
        ITransport transport, EndPoint? peer, HandshakeRequest? request, HandshakeRefusal? refusal)
    {
        Admitted? admitted = null;
        var address = addresses.Of(peer, request?.ForwardedFor);
        if (request is not null)
            (admitted, refusal) = await admission.AdmitAsync(request, address).ConfigureAwait(false);
        var answer = new ArrayBufferWriter<byte>(256);
        if (admitted is not null)
        {
            UpgradeResponse.WriteAccepted(answer, request!, admitted.Subprotocol, admitted.Deflate?.Answer);
            return (new Connection(transport, admitted.Encoding, services, admitted.Lease, admitted.Dialect), answer.WrittenMemory);
        }
        services.Audit.Refused(address, refusal!);
        UpgradeResponse.WriteRefused(answer, refusal!);
        return (null, answer.WrittenMemory);
    }

    private static PipeTransport TransportOf(ConnectionContext connection) =>
        connection.Features.Get<ITlsHandshakeFeature>() is null && connection.Features.Get<IConnectionSocketFeature>() is { } feature
        ? new SocketTransport(connection, feature.Socket)
        : new TlsTransport(connection);
}
