namespace Gateway.Server.Audit;

/// <summary>Immutable. A client that was not let in, or several of one address for one reason.</summary>
/// <param name="Time">Of the last, Unix milliseconds.</param>
/// <param name="Reason">As in the metrics: of <c>gateway_refusals_total</c>, or <c>gateway_cuts_total</c> where <paramref name="Status"/> is null.</param>
/// <param name="Message">What the client was told; of a cut, what it did.</param>
/// <param name="Count">How often.</param>
/// <param name="Status">Of the HTTP answer; null where there was none.</param>
/// <param name="Address">Where the client is, as far as trusted proxies tell.</param>
internal sealed record RecentRefusal(long Time, string Reason, string Message, long Count, int? Status = null, string? Address = null);
