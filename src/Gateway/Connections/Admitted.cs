namespace Gateway.Connections;

/// <summary>Immutable. An upgrade that may go ahead.</summary>
/// <param name="Lease">Its place; whoever runs the connection gives it back.</param>
/// <param name="Subprotocol">What to confirm; null for nothing.</param>
/// <param name="Handler">Makes what the connection's messages mean.</param>
internal sealed record Admitted(ConnectionLease Lease, string? Subprotocol, Func<Connection, IMessageHandler> Handler);
