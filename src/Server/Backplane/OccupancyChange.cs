namespace Gateway.Server.Backplane;

/// <summary>A change of a channel or a user, on all nodes taken together: occupied from now on, or vacant. Immutable.</summary>
/// <param name="kind">Whether the name is a channel's or a user's.</param>
/// <param name="name">The channel or the user.</param>
/// <param name="isOccupied">Whether the first connection came, or the last one went.</param>
/// <param name="version">The change's version: a later change of the same name has a greater one, whichever node delivers it.</param>
/// <param name="confirmed">Called when the change is confirmed; null where no other node could deliver it instead.</param>
internal sealed class OccupancyChange(
    OccupancyKind kind, string name, bool isOccupied, long version, Action<OccupancyChange>? confirmed = null)
{
    public OccupancyKind Kind { get; } = kind;

    public string Name { get; } = name;

    public bool IsOccupied { get; } = isOccupied;

    public long Version { get; } = version;

    /// <summary>The change was delivered, or no application wants it. Until then, another node delivers it if this one dies.</summary>
    public void Confirm() => confirmed?.Invoke(this);
}
