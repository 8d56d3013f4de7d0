using Gateway.Server.Listening;

namespace Gateway.Pages;

/// <summary>
/// Stateless. <c>/demo</c> on the public port, mapped in development mode alone: a small chat, built from <c>clients/demo</c> into
/// <c>built</c> beside this file and part of the assembly, so that a clone serves it without Node.
/// </summary>
internal static class DemoEndpoints
{
    public const string Path = "/demo";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (name, serve) in EmbeddedFiles.Under("demo/", Policy))
            routes.MapMethods(name == "index.html" ? Path : $"{Path}/{name}", [HttpMethods.Get, HttpMethods.Head], PublicPort.Only(serve));
    }
}
