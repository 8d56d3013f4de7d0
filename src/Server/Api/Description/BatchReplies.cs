using System.Text.Json;

namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes what a batch is answered with: for each command what it would have got alone.</summary>
internal sealed record BatchReplies(IReadOnlyList<JsonElement> Results);
