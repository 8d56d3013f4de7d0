using Gateway.Server.Health;
using Gateway.Server.Listening;

namespace Gateway.Server.Http;

/// <summary>
/// <c>/health/live</c> and <c>/health/ready</c>, for load balancers on either port; only the operator's port names what is behind the
/// gateway. Safe for any thread.
/// </summary>
internal sealed class HealthEndpoints(Readiness readiness) : IPortEndpoints
{
    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/health/live", static () => Results.Json(new { status = "live" }));
        routes.MapGet("/health/ready", (HttpContext context) => context.Features.Get<PublicPort>() is null
            ? Answer(readiness.Problem, readiness.Degradation)
            : Answer(readiness.PublicProblem, readiness.PublicDegradation));
    }

    private static IResult Answer(string? problem, string? degradation) => problem is not null
        ? Results.Json(new { status = "not ready", reason = problem }, statusCode: StatusCodes.Status503ServiceUnavailable)
        : degradation is not null
            ? Results.Json(new { status = "ready", degraded = degradation })
            : Results.Json(new { status = "ready" });
}
