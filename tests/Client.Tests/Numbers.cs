using System.Text.Json.Serialization;

namespace Gateway.Client.Tests;

/// <summary>Generated. What a program without reflection passes along.</summary>
[JsonSerializable(typeof(int))]
internal sealed partial class Numbers : JsonSerializerContext;
