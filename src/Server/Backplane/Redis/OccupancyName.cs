namespace Gateway.Server.Backplane.Redis;

/// <summary>Stateless. Names of channels and of users as they stand side by side in Redis: behind a letter that says which.</summary>
internal static class OccupancyName
{
    private const char Channel = 'c';
    private const char User = 'u';

    public static string With(OccupancyKind kind, string name) => (kind == OccupancyKind.Channel ? Channel : User) + name;

    public static OccupancyKind KindOf(string text) => text[0] == Channel ? OccupancyKind.Channel : OccupancyKind.User;

    public static string Of(string text) => text[1..];
}
