using System.Net;
using Gateway.Server.Admission;
using Gateway.Server.Audit;
using Gateway.Server.Metrics;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;

namespace Gateway.Server.Listening;

/// <summary>
/// Kestrel's sockets, counted as they are accepted: one for which there is no open file to spare is closed at once. Used by Kestrel, one
/// accept loop for each port. Without this a storm would use up all files, and a process without files cannot even refuse.
/// </summary>
internal sealed class CountingListenerFactory(SocketTransportFactory sockets, OpenSockets open, AuditLog audit) : IConnectionListenerFactory
{
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new Listener(await sockets.BindAsync(endpoint, cancellationToken).ConfigureAwait(false), open, audit);

    private sealed class Listener(IConnectionListener inner, OpenSockets open, AuditLog audit) : IConnectionListener
    {
        public EndPoint EndPoint => inner.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                var connection = await inner.AcceptAsync(cancellationToken).ConfigureAwait(false);
                if (connection is null || open.TryAdd())
                    return connection;
                audit.Aborted(connection.RemoteEndPoint, AbortReason.OpenFiles);
                await connection.DisposeAsync().ConfigureAwait(false);
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => inner.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => inner.DisposeAsync();
    }
}
