namespace Gateway.Server.Listening;

/// <summary>A feature of HTTP requests that came in by the public port: what clients use is served there alone. Immutable.</summary>
internal sealed class PublicPort
{
    public static readonly PublicPort Mark = new();

    /// <summary>Serves the public port alone. The operator's may be open to another network, with rules of its own.</summary>
    public static RequestDelegate Only(RequestDelegate handler) => context =>
    {
        if (context.Features.Get<PublicPort>() is not null)
            return handler(context);
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    };
}
