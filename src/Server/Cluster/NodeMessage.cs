using System.Text.Json;
using System.Text.Json.Serialization;

namespace Gateway.Server.Cluster;

/// <summary>
/// A message between nodes, as JSON. A node ignores fields that it does not know, so that versions may meet. Immutable.
/// </summary>
/// <param name="From">The sender's <see cref="NodeSummary.Id"/>.</param>
internal sealed record NodeMessage(string From)
{
    /// <summary>The sender's state, which it sends every two seconds. The JSON keeps the field's first name.</summary>
    [JsonPropertyName("here")]
    public NodeSummary? Heartbeat { get; init; }

    /// <summary>Whether the receivers answer with their own heartbeats.</summary>
    public bool IsNew { get; init; }

    /// <summary>Whether the sender is about to stop.</summary>
    public bool IsGone { get; init; }

    /// <summary>The id of a question, which its answers repeat.</summary>
    public string? Id { get; init; }

    public NodeRequest? Request { get; init; }

    public NodeAnswer? Answer { get; init; }

    /// <summary>Beside a <see cref="Heartbeat"/>: whether the sender's version answers claims.</summary>
    public bool AnswersClaims { get; init; }

    /// <summary>Beside a <see cref="Heartbeat"/>: the users with many connections at the sender, and how many.</summary>
    public IReadOnlyDictionary<string, int>? Users { get; init; }

    /// <summary>How many connections of these users the sender has or wants. The answer has the same <see cref="Id"/>.</summary>
    public IReadOnlyDictionary<string, int>? Claims { get; init; }

    /// <summary>
    /// The answer to <see cref="Claims"/>: how many connections of the users the sender has. Users without any are left out.
    /// </summary>
    public IReadOnlyDictionary<string, int>? Taken { get; init; }

    /// <summary>How many handshakes of these addresses the sender let through.</summary>
    public IReadOnlyDictionary<string, int>? Handshakes { get; init; }

    /// <summary>Reads a message; null for anything that no node wrote.</summary>
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

// A message that lacks a required field, or has null in its place, is not read. So no handler has to check again.
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(NodeMessage))]
internal sealed partial class NodeMessageJson : JsonSerializerContext;
