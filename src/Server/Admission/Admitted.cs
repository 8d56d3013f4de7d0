using Gateway.Server.Connections;
using Gateway.Server.Sessions;

namespace Gateway.Server.Admission;

/// <summary>Immutable. An upgrade, or a stream, that may go ahead.</summary>
/// <param name="Lease">Its place; the connection that is made of it gives it back.</param>
/// <param name="Subprotocol">What to confirm; null for nothing.</param>
/// <param name="Handler">Makes what the connection's messages mean.</param>
/// <param name="Opening">What a stream asks for, with what its token lists; null for a WebSocket.</param>
internal sealed record Admitted(ConnectionLease Lease, string? Subprotocol, Func<Connection, IMessageHandler> Handler, InitialSubscriptions? Opening = null);
