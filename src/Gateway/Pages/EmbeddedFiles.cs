using System.Security.Cryptography;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;

namespace Gateway.Pages;

/// <summary>
/// Serves a page and its files from inside the assembly, where every way of publishing takes them along. Stateless. They are the same for
/// everybody.
/// </summary>
internal static class EmbeddedFiles
{
    // What is not a page is read as text, not downloaded.
    private static readonly FileExtensionContentTypeProvider ContentTypes = new() { Mappings = { [".md"] = "text/plain" } };

    /// <param name="prefix">What the project file lets their names begin with, such as <c>console/</c>.</param>
    /// <param name="policy">The <c>Content-Security-Policy</c> of them all.</param>
    /// <returns>The names behind the prefix, and what serves them.</returns>
    public static IEnumerable<(string Name, RequestDelegate Serve)> Under(string prefix, string policy)
    {
        foreach (string resource in typeof(EmbeddedFiles).Assembly.GetManifestResourceNames())
        {
            if (resource.StartsWith(prefix, StringComparison.Ordinal))
                yield return (resource[prefix.Length..], Serve(Read(resource), TypeOf(resource), policy));
        }
    }

    private static RequestDelegate Serve(byte[] content, string type, string policy)
    {
        var tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(content).AsSpan(0, 12))}\"");
        var answer = TypedResults.Bytes(content, type, entityTag: tag);
        return context =>
        {
            var headers = context.Response.Headers;
            headers.ContentSecurityPolicy = policy;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer";
            // A new version of the gateway has new files at the same addresses: always ask, and mostly hear that nothing has changed.
            headers.CacheControl = "no-cache";
            return answer.ExecuteAsync(context);
        };
    }

    private static byte[] Read(string resource)
    {
        using var stream = typeof(EmbeddedFiles).Assembly.GetManifestResourceStream(resource)!;
        byte[] content = new byte[stream.Length];
        stream.ReadExactly(content);
        return content;
    }

    private static string TypeOf(string file)
    {
        string type = ContentTypes.TryGetContentType(file, out string? known) ? known : "application/octet-stream";
        return type.StartsWith("text/", StringComparison.Ordinal) ? type + "; charset=utf-8" : type;
    }
}
