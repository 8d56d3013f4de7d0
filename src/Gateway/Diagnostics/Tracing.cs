using System.Diagnostics;

namespace Gateway.Diagnostics;

/// <summary>Safe for any thread. The <c>Gateway</c> activity source. While nobody listens, asking it for an activity gives null at the price of one read.</summary>
internal static class Tracing
{
    public const string SourceName = "Gateway";

    public static readonly ActivitySource Source = new(SourceName);
}
