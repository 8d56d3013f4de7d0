using System.Text.Json;

namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes the body of <c>publish</c>, which is read as bytes.</summary>
internal sealed record PublishBody(string Channel, JsonElement Content, string? Key = null, string? Sender = null);
