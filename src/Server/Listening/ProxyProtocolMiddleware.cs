using Gateway.Protocol.Proxying;
using Gateway.Server.Admission;
using Gateway.Server.Audit;
using Gateway.Server.Metrics;
using Microsoft.AspNetCore.Connections;

namespace Gateway.Server.Listening;

/// <summary>
/// Kestrel connection middleware of the public port, where a proxy puts a PROXY header in front of every connection, before TLS: takes the
/// header off, and from there on the client's address is the one it tells. One object serves all connections, concurrently.
/// </summary>
internal sealed class ProxyProtocolMiddleware(HandshakeDeadlines deadlines, AddressSockets sockets, AuditLog audit)
{
    public async Task OnConnectedAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (!await TryTakeAsync(connection).ConfigureAwait(false) || !sockets.TryAdd(connection.RemoteEndPoint))
            return;
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            sockets.Remove(connection.RemoteEndPoint);
        }
    }

    private async Task<bool> TryTakeAsync(ConnectionContext connection)
    {
        using var deadline = deadlines.Start(connection);
        var input = connection.Transport.Input;
        try
        {
            while (true)
            {
                var result = await input.ReadAsync().ConfigureAwait(false);
                switch (ProxyHeaderParser.TryParse(result.Buffer, out var source, out var consumed))
                {
                    case ProxyHeaderOutcome.Accepted:
                        input.AdvanceTo(consumed);
                        connection.RemoteEndPoint = source ?? connection.RemoteEndPoint;
                        return true;
                    case ProxyHeaderOutcome.Refused:
                        input.AdvanceTo(result.Buffer.End);
                        audit.Aborted(connection.RemoteEndPoint, AbortReason.NoProxyHeader);
                        return false;
                }
                input.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                if (deadline.HasPassed)
                    audit.Aborted(connection.RemoteEndPoint, AbortReason.HandshakeTimeout);
                if (result.IsCompleted || deadline.HasPassed)
                    return false;
            }
        }
        catch (Exception failure) when (failure is ConnectionResetException or ConnectionAbortedException or IOException)
        {
            return false;
        }
    }
}
