using System.Text.Json;

namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes a presence snapshot.</summary>
internal sealed record PresenceReply(string Type, string Channel, int Count, IReadOnlyList<string>? Users = null, IReadOnlyDictionary<string, JsonElement>? Info = null);
