using System.Text.Json.Serialization;
using Gateway.Server.Cluster;

namespace Gateway.Server.Api;

/// <summary>How results are written. Stateless.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ActionReply))]
[JsonSerializable(typeof(ChannelList))]
[JsonSerializable(typeof(ChannelDetails))]
[JsonSerializable(typeof(NodeList))]
[JsonSerializable(typeof(ConnectionDetails))]
[JsonSerializable(typeof(StatsReply))]
[JsonSerializable(typeof(EventsReply))]
internal sealed partial class ApiJson : JsonSerializerContext;
