using System.Text.Json;

namespace Gateway.Tests.Api;

/// <summary>Immutable. What the API answered.</summary>
internal sealed record ApiAnswer(int Status, string? ContentType, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;
}
