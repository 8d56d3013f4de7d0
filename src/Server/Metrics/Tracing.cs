using System.Diagnostics;
using Gateway.Server.Naming;

namespace Gateway.Server.Metrics;

/// <summary>
/// The <c>Gateway</c> activity source. Safe for any thread. While nobody listens, asking it for an activity gives null at the price of one
/// read.
/// </summary>
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

    /// <summary>
    /// A message on its way into the backplane; null where the request is not traced. Several may be under way at a time.
    /// </summary>
    public static Activity? StartPublish(ChannelName channel)
    {
        if (!Source.HasListeners() || Activity.Current is not { } request)
            return null;
        var activity = Source.StartActivity("backplane", ActivityKind.Producer, request.Context)?
            .SetTag("gateway.channel", channel.ToString());
        Activity.Current = request;
        return activity;
    }

    /// <summary>A batch on its way to the subscribers.</summary>
    public static Activity? StartFanOut(string trace, ChannelName channel) => Source.HasListeners()
        ? Source.StartActivity("fan-out", ActivityKind.Consumer, trace)?.SetTag("gateway.channel", channel.ToString())
        : null;
}
