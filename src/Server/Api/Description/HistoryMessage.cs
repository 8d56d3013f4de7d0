using System.Text.Json;

namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes one message of a history.</summary>
internal sealed record HistoryMessage(string Type, string Channel, JsonElement Content, long Seq, long Time, string? Sender = null);
