using System.Text.Json;

namespace Gateway.Client;

/// <summary>The users in a channel at one moment. Immutable.</summary>
/// <param name="Users">
/// The user ids, each with the <c>info</c> of the user's token, or an undefined element without one. Null where there are too many users to
/// be named.
/// </param>
/// <param name="Count">The number of users.</param>
public sealed record PresenceState(IReadOnlyDictionary<string, JsonElement>? Users, int Count)
{
    /// <summary>The users who joined since the previous state. Empty where users are not named.</summary>
    public IReadOnlyList<string> Joined { get; init; } = [];

    /// <summary>The users who left since the previous state. Empty where users are not named.</summary>
    public IReadOnlyList<string> Left { get; init; } = [];

    internal static PresenceState? Of(ServerMessage message)
    {
        if (message.Count is not { } count)
            return null;
        if (message.Users is not { } users)
            return new PresenceState(null, count);
        return new PresenceState(users.Distinct().ToDictionary(user => user, user => InfoOf(message, user)), count);
    }

    /// <summary>The state after a <c>presence</c>: a snapshot replaces the known users, a change is applied to them as to a set.</summary>
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

    /// <summary>This state, with the users who joined and left since another one.</summary>
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
