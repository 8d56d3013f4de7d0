namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes the body of <c>subscribe</c> and <c>unsubscribe</c>, with either a user or a connection.</summary>
internal sealed record SubscribeBody(string Channel, string? User = null, string? Connection = null, string? Reason = null);
