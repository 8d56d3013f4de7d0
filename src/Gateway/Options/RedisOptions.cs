namespace Gateway.Options;

/// <summary>Immutable. <c>Gateway:Redis</c>.</summary>
internal sealed record RedisOptions
{
    /// <summary>The Redis servers among which channels are shared out, each <c>host:port[,password=…,ssl=true]</c>, separated by <c>;</c>. Default empty: this node alone, in memory.</summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>What every key and pub/sub channel starts with. Default <c>gateway</c>.</summary>
    public string Prefix { get; init; } = "gateway";
}
