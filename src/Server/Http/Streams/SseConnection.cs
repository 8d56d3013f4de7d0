using System.IO.Pipelines;
using Gateway.Server.Connections.Sending;
using Gateway.Server.Dialects.Streams;
using Gateway.Server.Listening;
using Gateway.Server.Sessions;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Http.Streams;

/// <summary>
/// A response that stays open, as a transport: nothing comes from its client, so the answers to pings and to the close frame, without
/// which a connection would be taken for dead, are given here. Safe for any thread.
/// </summary>
internal sealed class SseConnection : PipeTransport, IStreamClient
{
    /// <summary>A client's frame, its masking key zero (RFC 6455 section 5.2).</summary>
    private static readonly byte[] Pong = [0x8A, 0x80, 0, 0, 0, 0];

    private readonly HttpContext _context;
    private readonly Pipe _input = new(new PipeOptions(minimumSegmentSize: 16, useSynchronizationContext: false));
    private bool _isOver;

    public SseConnection(HttpContext context, ChannelPositions positions)
    {
        _context = context;
        Output = new SseOutput(context.Response.BodyWriter, this, positions);
    }

    public override IOutput Output { get; }

    public override bool ClosesWhenOutputEnds => false;

    protected override IFeatureCollection Features => _context.Features;

    protected override PipeReader Input => _input.Reader;

    protected override PipeWriter OutputPipe => _context.Response.BodyWriter;

    public override void Abort(ConnectionAbortedException reason) => _context.Abort();

    /// <summary>The client has taken a ping.</summary>
    public void Answer()
    {
        lock (_input)
        {
            if (!_isOver)
                _ = _input.Writer.WriteAsync(Pong);
        }
    }

    /// <summary>The client has left, or has been told all.</summary>
    public void Complete()
    {
        lock (_input)
        {
            if (_isOver)
                return;
            _isOver = true;
            _input.Writer.Complete();
        }
    }
}
