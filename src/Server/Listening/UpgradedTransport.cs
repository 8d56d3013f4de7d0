using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Listening;

/// <summary>
/// A connection whose first request was ordinary HTTP and a later one an upgrade: the HTTP server keeps the socket, and lends its stream.
/// </summary>
internal sealed class UpgradedTransport(HttpContext context, Stream stream) : PipeTransport
{
    public override bool ClosesWhenOutputEnds => false;

    protected override PipeReader Input { get; } =
        PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

    protected override PipeWriter OutputPipe { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));

    protected override IFeatureCollection Features => context.Features;

    public override void Abort(ConnectionAbortedException reason) => context.Abort();
}
