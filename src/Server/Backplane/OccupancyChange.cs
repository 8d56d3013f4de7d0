namespace Gateway.Server.Backplane;

/// <summary>Immutable. A channel or a user is occupied since now, or vacant, on all nodes taken together; this node tells it.</summary>
/// <param name="kind">Of which kind it is.</param>
/// <param name="name">The channel or the user.</param>
/// <param name="isOccupied">Whether somebody came, or the last one went.</param>
/// <param name="version">Of the changes of one name, a later one has a greater version, whichever node tells it.</param>
/// <param name="told">Takes the change once it need not be told any more; null where nobody else would tell it in this node's
/// place.</param>
internal sealed class OccupancyChange(OccupancyKind kind, string name, bool isOccupied, long version, Action<OccupancyChange>? told = null)
{
    public OccupancyKind Kind { get; } = kind;

    public string Name { get; } = name;

    public bool IsOccupied { get; } = isOccupied;

    public long Version { get; } = version;

    /// <summary>The change was told, or nobody wants to hear it. Until then another node tells it should this one die.</summary>
    public void Told() => told?.Invoke(this);
}
