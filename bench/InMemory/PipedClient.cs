using System.IO.Pipelines;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Listening;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Bench.InMemory;

/// <summary>A transport without a socket: its input comes out of a pipe, its output goes where the benchmark says.</summary>
internal sealed class PipedClient(PipeReader input, IOutput output) : PipeTransport
{
    public override IOutput Output => output;

    public override bool ClosesWhenOutputEnds => false;

    protected override IFeatureCollection Features { get; } = new FeatureCollection();

    protected override PipeReader Input => input;

    protected override PipeWriter OutputPipe { get; } = new Pipe(DuplexPipe.Inline).Writer;

    public override void Abort(ConnectionAbortedException reason) => input.CancelPendingRead();
}
