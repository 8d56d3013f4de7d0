namespace Gateway.Server.Options;

/// <summary>
/// <c>Gateway:Namespaces:&lt;name&gt;</c>: the rules of all channels whose name starts with <c>&lt;name&gt;:</c>. Immutable.
/// </summary>
internal sealed record NamespaceOptions
{
    /// <summary>Messages kept per channel. Default 0: no history, no positions, delivery at most once.</summary>
    public int History { get; init; }

    /// <summary>How long a kept message stays. Default 5 minutes.</summary>
    public TimeSpan HistoryTtl { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Whether the channels count who is present. Default false.</summary>
    public bool Presence { get; init; }

    /// <summary>Who may subscribe. Default <see cref="AccessPolicy.Granted"/>.</summary>
    public AccessPolicy Subscribe { get; init; } = AccessPolicy.Granted;

    /// <summary>Who may publish. Default <see cref="AccessPolicy.Granted"/>.</summary>
    public AccessPolicy Publish { get; init; } = AccessPolicy.Granted;

    /// <summary>What happens to a subscriber that does not keep up. Default <see cref="SlowConsumerPolicy.Disconnect"/>.</summary>
    public SlowConsumerPolicy SlowConsumer { get; init; } = SlowConsumerPolicy.Disconnect;

    /// <summary>
    /// Whether messages go compressed to clients that take them so. Default true; false for secrets beside what others may choose (CRIME).
    /// </summary>
    public bool Compress { get; init; } = true;

    public bool HasHistory => History > 0;
}
