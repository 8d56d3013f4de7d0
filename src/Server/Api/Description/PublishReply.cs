namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes what a publish is answered with.</summary>
internal sealed record PublishReply(string Channel, string? Epoch = null, long? Seq = null);
