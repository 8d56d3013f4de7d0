using System.IO.Pipelines;
using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Http.Features;

namespace Gateway.Server.Http.Streams;

/// <summary>
/// Safe for any thread. A response that stays open, as a transport: nothing comes from its client, so the answers to pings and to the close frame, without
/// which a connection would be taken for dead, are given here.
/// </summary>
internal sealed class SseConnection : ConnectionContext
{
    /// <summary>A client's frame, its masking key zero (RFC 6455 section 5.2).</summary>
    private static readonly byte[] Pong = [0x8A, 0x80, 0, 0, 0, 0];

    private readonly HttpContext _context;
    private readonly Pipe _input = new(new PipeOptions(minimumSegmentSize: 16, useSynchronizationContext: false));
    private bool _isOver;

    public SseConnection(HttpContext context)
    {
        _context = context;
        ConnectionId = context.Connection.Id;
        Transport = new Duplex(_input.Reader, context.Response.BodyWriter);
        if (context.Connection.RemoteIpAddress is { } address)
            RemoteEndPoint = new IPEndPoint(address, context.Connection.RemotePort);
    }

    public override string ConnectionId { get; set; }

    public override IFeatureCollection Features => _context.Features;

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    public override void Abort(ConnectionAbortedException abortReason) => _context.Abort();

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

    private sealed class Duplex(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;

        public PipeWriter Output => output;
    }
}
