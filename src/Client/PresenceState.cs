using System.Text.Json;

namespace Gateway.Client;

/// <summary>Immutable. Who is in a channel.</summary>
/// <param name="Users">From user id to what its token shows of it (an undefined element for nothing); null where there are too many to be named.</param>
/// <param name="Count">How many users there are.</param>
public sealed record PresenceState(IReadOnlyDictionary<string, JsonElement>? Users, int Count)
{
    /// <summary>Users who came since the state that was seen before; empty where they are not named.</summary>
    public IReadOnlyList<string> Joined { get; init; } = [];

    /// <summary>Users who left since the state that was seen before; empty where they are not named.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    internal static PresenceState? Of(ServerMessage message)
    {
        if (message.Count is not { } count)
            return null;
        if (message.Users is not { } users)
            return new PresenceState(null, count);
        return new PresenceState(users.Distinct().ToDictionary(user => user, user => InfoOf(message, user)), count);
    }

    /// <summary>A snapshot replaces what was known; a change is applied as to a set.</summary>
    internal static PresenceState? Apply(PresenceState? known, ServerMessage message)
    {
        if (message.Users is not null)
            return Of(message);
        if (message.Joined is null && message.Left is null)
            return new PresenceState(null, message.Count ?? 0);
        if (known?.Users is null)
            return new PresenceState(null, message.Count ?? 0);
        var users = new Dictionary<string, JsonElement>(known.Users);
        foreach (string user in message.Joined ?? [])
            users[user] = InfoOf(message, user);
        foreach (string user in message.Left ?? [])
            users.Remove(user);
        return new PresenceState(users, message.Count ?? users.Count);
    }

    /// <summary>The same, with what is new in it.</summary>
    internal PresenceState Since(PresenceState? seen)
    {
        if (Users is null || (seen is not null && seen.Users is null))
            return this;
        var before = seen?.Users;
        return this with
        {
            Joined = [.. Users.Keys.Where(user => before?.ContainsKey(user) != true)],
            Left = before is null ? [] : [.. before.Keys.Where(user => !Users.ContainsKey(user))],
        };
    }

    private static JsonElement InfoOf(ServerMessage message, string user) =>
        message.Info is { } info && info.TryGetProperty(user, out var value) ? value : default;
}
