using Gateway.Server.Listening;

namespace Gateway.Pages;

/// <summary>
/// <c>/demo</c> on the public port, in development mode alone: a small chat. Stateless. It is built from <c>clients/demo</c> into
/// <c>Demo/built</c> and is part of the assembly, so that a clone serves it without Node.
/// </summary>
internal sealed class DemoEndpoints : IPortEndpoints
{
    public const string Path = "/demo";

    // Pictures that people send are blobs.
    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (name, serve) in EmbeddedFiles.Under("demo/", Policy))
            routes.MapMethods(name == "index.html" ? Path : $"{Path}/{name}", [HttpMethods.Get, HttpMethods.Head], PublicPort.Only(serve));
    }
}
