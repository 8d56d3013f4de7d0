using System.Text.Json;

namespace Gateway.Tests.Api;

/// <summary>An answer of the API: status, content type and body. Immutable.</summary>
internal sealed record ApiAnswer(int Status, string? ContentType, string Text)
{
    public JsonElement Json => JsonDocument.Parse(Text).RootElement;
}
