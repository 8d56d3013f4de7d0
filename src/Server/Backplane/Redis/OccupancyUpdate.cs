namespace Gateway.Server.Backplane.Redis;

/// <summary>An update that a node sends about a name, as <see cref="OccupancyScript.Update"/> reads it. Immutable.</summary>
/// <param name="Operation">One of the constants.</param>
/// <param name="Name">The name with its kind.</param>
/// <param name="Version">The version of the change where the operation is about one; otherwise 0.</param>
internal readonly record struct OccupancyUpdate(string Operation, string Name, long Version)
{
    /// <summary>The node has the name.</summary>
    public const string Enter = "+";

    /// <summary>The node does not have the name any more.</summary>
    public const string Leave = "-";

    /// <summary>The node has delivered the change.</summary>
    public const string Delivered = "=";

    /// <summary>The node is alive and has yet to deliver the change.</summary>
    public const string Pending = "~";
}
