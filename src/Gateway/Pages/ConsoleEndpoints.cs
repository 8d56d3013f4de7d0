using Gateway.Server.Listening;

namespace Gateway.Pages;

/// <summary>
/// <c>/console</c> on the internal port: the operator's page. Stateless. Its files hold nothing of the node; the page asks the API for all
/// that it shows, with the operator's key.
/// </summary>
internal sealed class ConsoleEndpoints : IPortEndpoints
{
    private const string Prefix = "console/";

    /// <summary>Scripts and styles from here alone, no inline ones, and no frame of another page around it.</summary>
    private const string Policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var (name, serve) in EmbeddedFiles.Under(Prefix, Policy))
        {
            bool isPage = name == "index.html";
            string path = isPage ? "/console" : $"/{Prefix}{name}";
            routes.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], isPage ? Below(serve) : serve).ExcludeFromDescription();
        }
    }

    /// <summary>
    /// The page's own addresses are relative, so that it works below any path of a proxy; for that its own must end in a slash.
    /// </summary>
    private static RequestDelegate Below(RequestDelegate page) => context =>
    {
        if (context.Request.Path.Value!.EndsWith('/'))
            return page(context);
        context.Response.Redirect(Prefix);
        return Task.CompletedTask;
    };
}
