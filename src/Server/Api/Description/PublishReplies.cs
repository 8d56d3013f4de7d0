namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes what a broadcast is answered with. A channel that did not take the message has a problem in its place.</summary>
internal sealed record PublishReplies(IReadOnlyList<PublishReply> Results);
