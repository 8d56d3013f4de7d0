using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Gateway.Http;

/// <summary>
/// Stateless. <c>/console</c> on the internal port: the operator's page, from files inside the assembly. They are the same for everybody and hold
/// nothing of the node; what the page shows it asks of the API, with the operator's key.
/// </summary>
internal static class ConsoleEndpoints
{
    private const string Prefix = "console/";

    /// <summary>Scripts and styles from here alone, no inline ones, and no frame of another page around it.</summary>
    private const string Policy = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FileExtensionContentTypeProvider ContentTypes = new();

    public static void Map(IEndpointRouteBuilder routes)
    {
        var assembly = typeof(ConsoleEndpoints).Assembly;
        foreach (string name in assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
        {
            using var resource = assembly.GetManifestResourceStream(name)!;
            byte[] content = new byte[resource.Length];
            resource.ReadExactly(content);
            var file = Serve(content, ContentTypes.TryGetContentType(name, out string? type) ? type : "application/octet-stream");
            bool isPage = name == Prefix + "index.html";
            routes.MapMethods(isPage ? "/console" : "/" + name, [HttpMethods.Get, HttpMethods.Head], isPage ? Below(file) : file).ExcludeFromDescription();
        }
    }

    /// <summary>The page's own addresses are relative, so that it works below any path of a proxy; for that its own must end in a slash.</summary>
    private static RequestDelegate Below(RequestDelegate page) => context =>
    {
        if (context.Request.Path.Value!.EndsWith('/'))
            return page(context);
        context.Response.Redirect(Prefix);
        return Task.CompletedTask;
    };

    private static RequestDelegate Serve(byte[] content, string type)
    {
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"";
        if (type.StartsWith("text/", StringComparison.Ordinal))
            type += "; charset=utf-8";
        return async context =>
        {
            var (request, response) = (context.Request, context.Response);
            response.Headers.ETag = tag;
            // A new version of the gateway has a new page: always ask, and mostly hear that it is the same.
            response.Headers.CacheControl = "no-cache";
            response.Headers.ContentSecurityPolicy = Policy;
            response.Headers.XContentTypeOptions = "nosniff";
            response.Headers["Referrer-Policy"] = "no-referrer";
            if (request.GetTypedHeaders().IfNoneMatch.Any(known => known.Compare(new EntityTagHeaderValue(tag), useStrongComparison: false)))
            {
                response.StatusCode = StatusCodes.Status304NotModified;
                return;
            }
            response.ContentType = type;
            response.ContentLength = content.Length;
            if (!HttpMethods.IsHead(request.Method))
                await response.BodyWriter.WriteAsync(content);
        };
    }
}
