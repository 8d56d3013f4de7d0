using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gateway.Server.Cluster;

/// <summary>
/// Immutable. What nodes send each other, as JSON: fields that a node does not know are ignored, so that versions may meet.
/// </summary>
/// <param name="From">The sender's <see cref="NodeSummary.Id"/>.</param>
internal sealed record NodeMessage(string From)
{
    /// <summary>The sender is there, and how it is.</summary>
    [JsonPropertyName("here")]
    public NodeSummary? Heartbeat { get; init; }

    /// <summary>Whether those who hear it are to say that they are there too.</summary>
    public bool IsNew { get; init; }

    /// <summary>Whether the sender is about to stop.</summary>
    public bool IsGone { get; init; }

    /// <summary>Names a question, and its answers.</summary>
    public string? Id { get; init; }

    public NodeRequest? Request { get; init; }

    public NodeAnswer? Answer { get; init; }

    /// <summary>With <see cref="Heartbeat"/>: whether the sender answers claims.</summary>
    public bool AnswersClaims { get; init; }

    /// <summary>With <see cref="Heartbeat"/>: users who have many connections there, and how many.</summary>
    public IReadOnlyDictionary<string, int>? Users { get; init; }

    /// <summary>How many connections of these users the sender has, or wants. The answer has the same <see cref="Id"/>.</summary>
    public IReadOnlyDictionary<string, int>? Claims { get; init; }

    /// <summary>The answer to <see cref="Claims"/>: how many the sender has; not in it is none.</summary>
    public IReadOnlyDictionary<string, int>? Taken { get; init; }

    /// <summary>How many handshakes of these addresses the sender let through.</summary>
    public IReadOnlyDictionary<string, int>? Handshakes { get; init; }

    /// <summary>Null for what no node wrote.</summary>
    public static NodeMessage? Read(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonSerializer.Deserialize(json, NodeMessageJson.Default.NodeMessage);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] Write() => JsonSerializer.SerializeToUtf8Bytes(this, NodeMessageJson.Default.NodeMessage);
}

// What a message must have is there, and is not null, or it is not read: nobody who handles one has to look again.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(NodeMessage))]
internal sealed partial class NodeMessageJson : JsonSerializerContext;
