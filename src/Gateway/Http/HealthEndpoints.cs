using Gateway.Hosting;

namespace Gateway.Http;

/// <summary>Stateless. <c>/health/live</c> and <c>/health/ready</c>, for load balancers.</summary>
internal static class HealthEndpoints
{
    public static void Map(IEndpointRouteBuilder routes, Readiness readiness)
    {
        routes.MapGet("/health/live", static () => Results.Json(new { status = "live" }));
        routes.MapGet("/health/ready", () => readiness.Problem is { } problem
            ? Results.Json(new { status = "not ready", reason = problem }, statusCode: StatusCodes.Status503ServiceUnavailable)
            : readiness.Degradation is { } degradation
                ? Results.Json(new { status = "ready", degraded = degradation })
                : Results.Json(new { status = "ready" }));
    }
}
