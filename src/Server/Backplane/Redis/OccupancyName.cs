namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// The names of channels and users in Redis, where they stand side by side, each behind a letter for its kind. Stateless.
/// </summary>
internal static class OccupancyName
{
    private const char Channel = 'c';
    private const char User = 'u';

    public static string With(OccupancyKind kind, string name) => (kind == OccupancyKind.Channel ? Channel : User) + name;

    public static OccupancyKind KindOf(string text) => text[0] == Channel ? OccupancyKind.Channel : OccupancyKind.User;

    public static string Of(string text) => text[1..];
}
