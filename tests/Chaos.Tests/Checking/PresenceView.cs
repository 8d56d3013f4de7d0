using System.Text.Json;

namespace Gateway.Chaos.Tests.Checking;

/// <summary>What a subscriber believes who is in a channel, by the documented rules. Safe for any thread.</summary>
internal sealed class PresenceView
{
    private readonly SortedSet<string> _users = new(StringComparer.Ordinal);

    public IReadOnlyList<string> Users
    {
        get
        {
            lock (_users)
                return [.. _users];
        }
    }

    /// <summary>How many the server said there are.</summary>
    public long Count { get; private set; }

    /// <summary>Takes a <c>subscribed</c> or a <c>presence</c>: with users it replaces what was known, otherwise it changes it.</summary>
    public void Take(JsonElement message)
    {
        lock (_users)
        {
            if (message.TryGetProperty("users", out var users))
            {
                _users.Clear();
                _users.UnionWith(Names(users));
            }
            if (message.TryGetProperty("joined", out var joined))
                _users.UnionWith(Names(joined));
            if (message.TryGetProperty("left", out var left))
                _users.ExceptWith(Names(left));
            if (message.TryGetProperty("count", out var count))
                Count = count.GetInt64();
        }
    }

    /// <summary>What is wrong with a view, in words; null when nothing is.</summary>
    public static string? Difference(IReadOnlyCollection<string> seen, IReadOnlyCollection<string> due)
    {
        var missing = due.Except(seen).ToList();
        var ghosts = seen.Except(due).ToList();
        return missing.Count + ghosts.Count == 0
            ? null
            : $"missing [{string.Join(' ', missing)}], ghosts [{string.Join(' ', ghosts)}] of {due.Count}";
    }

    private static IEnumerable<string> Names(JsonElement array) => array.EnumerateArray().Select(user => user.GetString()!);
}
