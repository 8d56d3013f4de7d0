namespace Gateway.Server.Audit;

/// <summary>A client that was not let in, or several of one address for one reason. Immutable.</summary>
/// <param name="Time">When the last one came, in Unix milliseconds.</param>
/// <param name="Reason">
/// As in the metrics: of <c>gateway_refusals_total</c>, or <c>gateway_cuts_total</c> where <paramref name="Status"/> is null.
/// </param>
/// <param name="Message">The words of the refusal; of a cut, what the client did.</param>
/// <param name="Count">How often.</param>
/// <param name="Status">The status of the HTTP answer; null where there was none.</param>
/// <param name="Address">The client's address, as trusted proxies forward it.</param>
internal sealed record RecentRefusal(long Time, string Reason, string Message, long Count, int? Status = null, string? Address = null);
