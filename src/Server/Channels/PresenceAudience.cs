namespace Gateway.Server.Channels;

/// <summary>Which subscribers a presence frame is for, by what they know already. Immutable.</summary>
/// <param name="From">The first <see cref="Subscription.PresenceVersion"/> it is for.</param>
/// <param name="Before">The first version after those it is for.</param>
/// <param name="Version">What whoever gets it knows of: changes up to this version.</param>
internal sealed record PresenceAudience(long From, long Before, long Version)
{
    /// <summary>Whether it is for those who wait for a snapshot too.</summary>
    public bool IsSnapshot => From == Subscription.LostPresence;

    public bool Has(Subscription subscription)
    {
        long version = subscription.PresenceVersion;
        return version >= From && version < Before;
    }
}
