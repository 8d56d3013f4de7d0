using System.Net;

namespace Gateway.Server.Application.Hooks;

/// <summary>Immutable. Who wants something that the backend is asked about.</summary>
/// <param name="Connection">The connection's id; null for a request that is none.</param>
/// <param name="User">The user id.</param>
/// <param name="Address">Where the client is.</param>
internal readonly record struct HookCaller(string? Connection, string User, IPAddress Address);
