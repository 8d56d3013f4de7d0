using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Listening;

/// <summary>Used by one connection. A connection whose first request was ordinary HTTP and a later one an upgrade: the HTTP server keeps the socket, and lends us its stream.</summary>
internal sealed class UpgradedConnection(HttpContext context, Stream stream) : ConnectionContext
{
    public override string ConnectionId { get; set; } = context.Connection.Id;

    public override System.Net.EndPoint? RemoteEndPoint { get; set; } =
        context.Connection.RemoteIpAddress is { } address ? new System.Net.IPEndPoint(address, context.Connection.RemotePort) : null;

    public override IFeatureCollection Features => context.Features;

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; } = new StreamPipe(stream);

    public override void Abort(ConnectionAbortedException abortReason) => context.Abort();

    private sealed class StreamPipe(Stream stream) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(stream, new StreamPipeReaderOptions(leaveOpen: true, useZeroByteReads: true));

        public PipeWriter Output { get; } = PipeWriter.Create(stream, new StreamPipeWriterOptions(leaveOpen: true));
    }
}
