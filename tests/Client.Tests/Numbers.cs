using System.Text.Json.Serialization;

namespace Gateway.Client.Tests;

/// <summary>The type information that a program without reflection passes. Generated.</summary>
[JsonSerializable(typeof(int))]
internal sealed partial class Numbers : JsonSerializerContext;
