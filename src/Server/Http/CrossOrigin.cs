using Gateway.Protocol.WebSockets;
using Gateway.Server.Auth;
using Gateway.Server.Listening;
using Gateway.Server.Options;

namespace Gateway.Server.Http;

/// <summary>
/// Lets the scripts of allowed pages read what is served on the public port, which browsers, unlike with WebSockets, forbid unless the
/// answer says so (https://fetch.spec.whatwg.org, "CORS protocol"). Safe for any thread.
/// </summary>
internal sealed class CrossOrigin(GatewayOptions options, AllowedOrigins origins)
{
    /// <summary>Marks the answer; one to a page that is not allowed stays unmarked.</summary>
    public void Mark(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers.Vary = "Origin";
        string origin = context.Request.Headers.Origin.ToString();
        if (origin.Length == 0 || !origins.Allow(origin))
            return;
        bool isListed = origins.Has(origin);
        headers.AccessControlAllowOrigin = isListed ? origin : "*";
        headers.AccessControlExposeHeaders = "Retry-After";
        // Where the token is a cookie, the list of origins is not empty.
        if (isListed && options.Auth.Cookie is not null)
            headers.AccessControlAllowCredentials = "true";
    }

    /// <summary>Answers what a browser asks before it sends what a simple form could not.</summary>
    /// <param name="method">What the path serves.</param>
    public RequestDelegate Preflight(string method) => context =>
    {
        Mark(context);
        var headers = context.Response.Headers;
        if (headers.AccessControlAllowOrigin.Count == 0)
            return RefusalResponse.WriteAsync(context.Response, HandshakeRefusal.ForbiddenOrigin);
        headers.AccessControlAllowMethods = method;
        headers.AccessControlAllowHeaders = "Authorization, Content-Type, Last-Event-ID";
        headers.AccessControlMaxAge = "600";
        context.Response.StatusCode = StatusCodes.Status204NoContent;
        return Task.CompletedTask;
    };
}
