using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>Redis's own answers about subscribers and commands, whatever surrounds a channel's name there. Stateless.</summary>
internal static class PubSub
{
    /// <summary>The number of connections that are subscribed to a channel.</summary>
    public static async Task<int> SubscribersAsync(this RedisServer redis, string channel)
    {
        string[] names = await redis.NamesAsync(channel);
        if (names.Length == 0)
            return 0;
        // Each name is followed by its number.
        string[] lines = (await redis.CommandAsync(["PUBSUB", "NUMSUB", .. names])).Split('\n');
        return lines.Where((_, i) => i % 2 == 1).Sum(number => int.Parse(number, CultureInfo.InvariantCulture));
    }

    private static async Task<string[]> NamesAsync(this RedisServer redis, string channel) =>
        (await redis.CommandAsync("PUBSUB", "CHANNELS", $"*{channel}*")).Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>The number of calls of a command since the server's start.</summary>
    public static async Task<int> CallsAsync(this RedisServer redis, string command)
    {
        string stats = await redis.CommandAsync("INFO", "commandstats");
        string? line = stats.Split('\n').FirstOrDefault(line => line.StartsWith($"cmdstat_{command}:calls=", StringComparison.Ordinal));
        return line is null ? 0 : int.Parse(line.Split('=', ',')[1], CultureInfo.InvariantCulture);
    }

    /// <summary>The number of calls of a command on all servers of a cluster.</summary>
    public static async Task<int> CallsAsync(this RedisCluster cluster, string command) =>
        (await Task.WhenAll(cluster.Servers.Select(server => server.CallsAsync(command)))).Sum();
}
