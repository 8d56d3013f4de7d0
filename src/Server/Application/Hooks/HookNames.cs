using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>The names of hooks in settings, requests and metrics. Stateless.</summary>
internal static class HookNames
{
    private static readonly HookEvents[] Single =
        [.. Enum.GetValues<HookEvents>().Where(value => int.IsPow2((int)value))];

    public static IEnumerable<string> All => Single.Select(Of);

    /// <param name="hook">One hook.</param>
    public static string Of(HookEvents hook) => hook switch
    {
        HookEvents.Connect => "connect",
        HookEvents.Subscribe => "subscribe",
        HookEvents.Publish => "publish",
        HookEvents.Connected => "connected",
        HookEvents.Disconnected => "disconnected",
        HookEvents.Subscribed => "subscribed",
        HookEvents.Unsubscribed => "unsubscribed",
        HookEvents.Occupied => "occupied",
        HookEvents.Vacated => "vacated",
        HookEvents.Online => "online",
        HookEvents.Offline => "offline",
        _ => throw new ArgumentOutOfRangeException(nameof(hook), hook, "must be one hook"),
    };

    /// <summary>The names of several hooks.</summary>
    public static IEnumerable<string> In(HookEvents hooks) => Single.Where(hook => hooks.HasFlag(hook)).Select(Of);

    public static HookEvents? Find(string name)
    {
        foreach (var hook in Single)
        {
            if (string.Equals(Of(hook), name, StringComparison.OrdinalIgnoreCase))
                return hook;
        }
        return null;
    }
}
