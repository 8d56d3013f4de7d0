using System.Text.Json;
using Gateway.Tests.Hooks;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis;

/// <summary>The occupancy events of a backend, and the occupancy that Redis holds. Stateless.</summary>
internal static class Occupancy
{
    public const string Events = "occupied,vacated,online,offline";

    private const string Look = """
        for _, key in ipairs(redis.call('KEYS', 'gateway:on:*')) do
          local found = redis.call('HGET', key, ARGV[1])
          if found then return found end
        end
        return ''
        """;

    /// <summary>The events of one channel or user, by version, as <c>occupied</c>.</summary>
    public static string[] EventsOf(this Backend backend, string name) =>
        [.. backend.Events.Where(one => NameOf(one) == name).OrderBy(one => one.Number("version")).Select(one => one.Text("type"))];

    /// <summary>Waits until the last event of a channel or user, by version, is this.</summary>
    public static Task SaysAsync(this Backend backend, string last, string name) =>
        Eventually.TrueAsync(() => backend.EventsOf(name).LastOrDefault() == last, $"{name} is {last}");

    /// <summary>
    /// Waits until Redis has a channel (<c>c</c> before its name) or a user (<c>u</c>) from a number of nodes, with no change left to send.
    /// </summary>
    public static Task HasAsync(this RedisServer redis, string name, int nodes) => Eventually.TrueAsync(
        async () => await redis.CommandAsync("EVAL", Look, "0", name) is var found
            && (nodes == 0 ? found.Length == 0 : found.Split(' ') is [var count, _, ""] && count == $"{nodes}"),
        $"Redis has {name} from {nodes} nodes, and all of it was told");

    /// <summary>Waits until Redis has a change of a channel or user that some node has yet to send.</summary>
    public static Task HasUnsentAsync(this RedisServer redis, string name) => Eventually.TrueAsync(
        async () => (await redis.CommandAsync("EVAL", Look, "0", name)).Split(' ') is [_, _, { Length: > 0 }],
        $"Redis has a change of {name} that was not told");

    public static Task UnsubscribeAsync(this JsonClient client, string channel) =>
        client.AskAsync($$"""{"type":"unsubscribe","channel":"{{channel}}"}""", "unsubscribed");

    private static string? NameOf(JsonElement one) =>
        one.Has("channel") ? one.Text("channel") : one.Has("user") ? one.Text("user") : null;
}
