namespace Gateway.Server.Backplane.Redis;

/// <summary>Immutable. One thing that a node has to say about a name, as <see cref="OccupancyScript.Update"/> reads it.</summary>
/// <param name="What">One of the constants.</param>
/// <param name="Name">The name with its kind.</param>
/// <param name="Version">Of the change that <see cref="Told"/> and <see cref="Telling"/> are about; otherwise 0.</param>
internal readonly record struct OccupancyStatement(string What, string Name, long Version)
{
    /// <summary>The node has the name.</summary>
    public const string Here = "+";

    /// <summary>The node has the name no more.</summary>
    public const string Gone = "-";

    /// <summary>The change was told.</summary>
    public const string Told = "=";

    /// <summary>The node lives and is about to tell the change.</summary>
    public const string Telling = "~";
}
