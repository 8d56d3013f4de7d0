namespace Gateway.Server.Backplane.Redis;

/// <summary>Immutable. One thing that a node has to say about a name, as <see cref="OccupancyScript.Update"/> reads it.</summary>
/// <param name="Operation">One of the constants.</param>
/// <param name="Name">The name with its kind.</param>
/// <param name="Version">Of the change that <see cref="Delivered"/> and <see cref="Pending"/> are about; otherwise 0.</param>
internal readonly record struct OccupancyUpdate(string Operation, string Name, long Version)
{
    /// <summary>The node has the name.</summary>
    public const string Enter = "+";

    /// <summary>The node has the name no more.</summary>
    public const string Leave = "-";

    /// <summary>The change was told.</summary>
    public const string Delivered = "=";

    /// <summary>The node lives and is about to tell the change.</summary>
    public const string Pending = "~";
}
