using System.Diagnostics;

namespace Gateway.Diagnostics;

/// <summary>Safe for any thread. The <c>Gateway</c> activity source. While nobody listens, asking it for an activity gives null at the price of one read.</summary>
internal static class Tracing
{
    public const string SourceName = "Gateway";

    public static readonly ActivitySource Source = new(SourceName);

    /// <summary>The work on a request, as part of the caller's trace (W3C Trace Context). Null while nobody listens.</summary>
    public static Activity? StartRequest(string name, HttpRequest request)
    {
        if (!Source.HasListeners())
            return null;
        ActivityContext.TryParse(request.Headers.TraceParent, request.Headers.TraceState, isRemote: true, out var caller);
        return Source.StartActivity(name, ActivityKind.Server, caller);
    }
}
