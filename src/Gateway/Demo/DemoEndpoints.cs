using System.Security.Cryptography;
using Gateway.Http;
using Microsoft.Net.Http.Headers;

namespace Gateway.Demo;

/// <summary>
/// Stateless. <c>/demo</c> on the public port, mapped in development mode alone: a small chat, built from <c>clients/demo</c> into
/// <c>built</c> beside this file and part of the assembly, so that a clone serves it without Node.
/// </summary>
internal static class DemoEndpoints
{
    public const string Path = "/demo";

    /// <summary>How the project file names the files of <c>built</c>.</summary>
    private const string Prefix = "demo/";

    private const string Policy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    public static void Map(IEndpointRouteBuilder routes)
    {
        foreach (string name in typeof(DemoEndpoints).Assembly.GetManifestResourceNames())
        {
            if (!name.StartsWith(Prefix, StringComparison.Ordinal))
                continue;
            string file = name[Prefix.Length..];
            routes.MapMethods(file == "index.html" ? Path : $"{Path}/{file}", ["GET", "HEAD"], PublicPort.Only(Serve(name)));
        }
    }

    private static RequestDelegate Serve(string resource)
    {
        byte[] content = Read(resource);
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 8))}\"");
        var answer = TypedResults.Bytes(content, TypeOf(resource), entityTag: tag);
        return context =>
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = Policy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            // Kept, but asked for again each time: another version of the gateway may answer at the same address.
            headers.CacheControl = "no-cache";
            return answer.ExecuteAsync(context);
        };
    }

    private static byte[] Read(string resource)
    {
        using var stream = typeof(DemoEndpoints).Assembly.GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private static string TypeOf(string file) => System.IO.Path.GetExtension(file) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
}
