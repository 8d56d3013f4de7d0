using System.Net;

namespace Gateway.Server.Application;

/// <summary>The client that wants something the application decides over. Immutable.</summary>
/// <param name="Connection">The connection's id; null for a request without a connection.</param>
/// <param name="User">The user id.</param>
/// <param name="Address">The client's address.</param>
internal readonly record struct Caller(string? Connection, string User, IPAddress Address);
