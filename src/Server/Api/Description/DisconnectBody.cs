namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes the body of <c>disconnect</c>, with either a user or a connection.</summary>
internal sealed record DisconnectBody(string? User = null, string? Connection = null, string? Reason = null);
