using System.Text.Json;

namespace Gateway.TestSupport;

/// <summary>One event of a stream, as a browser dispatches it. Immutable.</summary>
/// <param name="Type">What it is called.</param>
/// <param name="Data">Its lines of data, joined.</param>
/// <param name="LastEventId">What a browser would send to come back after it.</param>
public sealed record StreamEvent(string Type, string Data, string LastEventId)
{
    public JsonElement Json => JsonDocument.Parse(Data).RootElement;
}
