using System.Net;

namespace Gateway.Server.Application;

/// <summary>Immutable. Who wants something that the backend is asked about.</summary>
/// <param name="Connection">The connection's id; null for a request that is none.</param>
/// <param name="User">The user id.</param>
/// <param name="Address">Where the client is.</param>
internal readonly record struct Caller(string? Connection, string User, IPAddress Address);
