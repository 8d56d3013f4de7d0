namespace Gateway.Server.Listening;

/// <summary>What is served on the internal port alone: clients on the public one find nothing there. Stateless.</summary>
internal static class InternalPort
{
    private static readonly PathString[] Paths = ["/api", "/metrics", "/openapi", "/console"];

    public static bool Serves(HttpContext context) =>
        context.Features.Get<PublicPort>() is null
        || !Paths.Any(path => context.Request.Path.StartsWithSegments(path, StringComparison.OrdinalIgnoreCase));
}
