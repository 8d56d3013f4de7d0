namespace Gateway.Api;

/// <summary>Never made: describes the body of <c>batch</c>.</summary>
internal sealed record BatchBody(IReadOnlyList<BatchCommand> Commands);
