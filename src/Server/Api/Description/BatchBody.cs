namespace Gateway.Server.Api.Description;

/// <summary>Never made: describes the body of <c>batch</c>.</summary>
internal sealed record BatchBody(IReadOnlyList<BatchCommand> Commands);
