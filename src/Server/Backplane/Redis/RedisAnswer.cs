namespace Gateway.Server.Backplane.Redis;

/// <summary>The result of a call to Redis; <c>default</c> is a refusal. Immutable.</summary>
/// <param name="Outcome">Refused: the call was never sent, or Redis answered with an error and did nothing.</param>
/// <param name="Value">The answer of an accepted call; otherwise null.</param>
internal readonly record struct RedisAnswer<T>(PublishOutcome Outcome, T? Value) where T : class
{
    public static RedisAnswer<T> Refused => default;

    public static RedisAnswer<T> Unconfirmed => new(PublishOutcome.Unconfirmed, null);
}
