using Gateway.Protocol.Compression;
using Gateway.Server.Channels;
using Gateway.Server.Connections;
using Gateway.Server.Sessions;

namespace Gateway.Server.Admission;

/// <summary>A handshake, of a WebSocket or a stream, that may go ahead. Immutable.</summary>
/// <param name="Lease">Its place in the limits; the connection that is made of it gives it back.</param>
/// <param name="Subprotocol">The subprotocol to confirm; null for none.</param>
/// <param name="Deflate">The compression to confirm; null for none.</param>
/// <param name="Encoding">How messages look on the connection's wire.</param>
/// <param name="Dialect">Makes the dialect of the connection.</param>
/// <param name="Opening">What a stream asks for, with what its token lists; null for a WebSocket.</param>
internal sealed record Admitted(
    ConnectionLease Lease,
    string? Subprotocol,
    DeflateAgreement? Deflate,
    FrameEncoding Encoding,
    Func<Connection, IDialect> Dialect,
    InitialSubscriptions? Opening = null);
