using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Listening;

/// <summary>
/// A connection whose first request was ordinary HTTP and a later one an upgrade: the HTTP server keeps the socket, and lends its stream.
/// </summary>
internal sealed class UpgradedTransport(HttpContext context, Stream stream) : PipeTransport
{
    private static readonly FeatureCollection None = new();

    public override bool ClosesWhenOutputEnds => false;

    protected override PipeReader Input { get; } =
        PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

    protected override PipeWriter OutputPipe { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));

    /// <summary>
    /// None with HTTP/2, whose connection carries other requests too: neither its TLS nor its socket is this stream's to shut down.
    /// </summary>
    protected override IFeatureCollection Features => HttpProtocol.IsHttp11(context.Request.Protocol) ? context.Features : None;

    public override void Abort(ConnectionAbortedException reason) => context.Abort();
}
