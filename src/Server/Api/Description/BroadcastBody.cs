using System.Text.Json;

namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes the body of <c>broadcast</c>.</summary>
internal sealed record BroadcastBody(IReadOnlyList<string> Channels, JsonElement Content, string? Key = null, string? Sender = null);
