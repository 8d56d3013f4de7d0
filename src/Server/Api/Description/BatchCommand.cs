using System.Text.Json;

namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes a command of a <c>batch</c>; which fields it has depends on its type.</summary>
internal sealed record BatchCommand(
    string Type, string? Channel = null, IReadOnlyList<string>? Channels = null, JsonElement? Content = null, string? Key = null, string? Sender = null,
    string? User = null, string? Connection = null, string? Reason = null);
