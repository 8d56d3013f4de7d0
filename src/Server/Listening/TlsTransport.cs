using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Listening;

/// <summary>
/// A connection of Kestrel's whose bytes do not go to the socket as they are: TLS stands between, or there is no socket to send on.
/// </summary>
internal sealed class TlsTransport(ConnectionContext connection) : PipeTransport
{
    public override bool ClosesWhenOutputEnds => false;

    protected override PipeReader Input => connection.Transport.Input;

    protected override PipeWriter OutputPipe => connection.Transport.Output;

    protected override IFeatureCollection Features => connection.Features;

    public override void Abort(ConnectionAbortedException reason) => connection.Abort(reason);
}
