using Gateway.Server.Backplane.Redis;

namespace Gateway.Server.Options;

/// <summary><c>Gateway:Redis</c>. Immutable. What is set here holds for every address that does not say otherwise itself.</summary>
internal sealed record RedisOptions
{
    /// <summary>
    /// The Redis servers among which channels are shared out, each <c>host:port[,host:port][,option=value]</c> with the options of
    /// StackExchange.Redis, see <see cref="RedisServerAddress"/>. Default empty: this node alone, in memory.
    /// </summary>
    public IReadOnlyList<string> Addresses { get; init; } = [];

    /// <summary>What every key and pub/sub channel starts with. Default <c>gateway</c>.</summary>
    public string Prefix { get; init; } = "gateway";

    /// <summary>The user of an access list. Null: the default user.</summary>
    public string? User { get; init; }

    /// <summary>Null: none is asked for.</summary>
    public string? Password { get; init; }

    /// <summary>Whether connections are encrypted.</summary>
    public bool Tls { get; init; }

    /// <summary>A PEM file of the authorities that certificates must come from. Null: those that the system trusts.</summary>
    public string? CertificatePath { get; init; }

    /// <summary>The certificate that is shown to Redis. Null: none is.</summary>
    public CertificateOptions? ClientCertificate { get; init; }

    /// <summary>
    /// The name of the service whose master the sentinels at <see cref="Addresses"/> know. Null: the addresses are Redis itself.
    /// </summary>
    public string? Sentinel { get; init; }

    /// <summary>As <see cref="User"/>, for the sentinels.</summary>
    public string? SentinelUser { get; init; }

    /// <summary>As <see cref="Password"/>, for the sentinels.</summary>
    public string? SentinelPassword { get; init; }

    /// <summary>In a cluster. Default <see cref="ShardedPubSub.Auto"/>.</summary>
    public ShardedPubSub ShardedPubSub { get; init; }

    /// <summary>Without passwords, which addresses may hold, too: what prints ends up in a log.</summary>
    public override string ToString() => $"{Addresses.Count} of Redis, {Prefix}";
}
