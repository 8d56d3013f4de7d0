using System.Globalization;

namespace Gateway.Chaos.Tests.World;

/// <summary>The channels of a run, by namespace. Stateless.</summary>
internal static class ChannelPlan
{
    /// <summary>With history.</summary>
    public const string Log = "log";

    /// <summary>With neither history nor presence.</summary>
    public const string Raw = "raw";

    /// <summary>With presence.</summary>
    public const string Room = "room";

    /// <summary>With both.</summary>
    public const string Hall = "hall";

    public static IReadOnlyList<string> All { get; } =
        [.. Named(Log, 6), .. Named(Raw, 3), .. Named(Room, 2), .. Named(Hall, 2)];

    public static bool HasHistory(string channel) => NamespaceOf(channel) is Log or Hall;

    public static bool HasPresence(string channel) => NamespaceOf(channel) is Room or Hall;

    public static string NamespaceOf(string channel) => channel[..channel.IndexOf(':', StringComparison.Ordinal)];

    private static IEnumerable<string> Named(string space, int count) =>
        Enumerable.Range(1, count).Select(number => string.Create(CultureInfo.InvariantCulture, $"{space}:{number}"));
}
