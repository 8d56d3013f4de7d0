using System.Buffers;
using System.Text;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Admission;

namespace Gateway.Server.Listening;

/// <summary>
/// Decides by the first request of an accepted socket who handles it: a dialect, where it is an upgrade at the path of one, or else the
/// HTTP server. Immutable; for whatever accepts sockets.
/// </summary>
internal sealed class FirstRequest(AdmissionControl admission)
{
    private readonly byte[][] _paths = [.. admission.Dialects.Select(dialect => Encoding.ASCII.GetBytes(dialect.Path))];

    /// <param name="head">What has come so far; nothing of it is consumed.</param>
    public RequestKind Classify(ReadOnlySequence<byte> head) =>
        UpgradeDetector.Classify(head, _paths, HandshakeRequestParser.DefaultMaxHeadBytes);
}
