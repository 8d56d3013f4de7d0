using Microsoft.Extensions.Logging;

namespace Gateway.Client;

/// <summary>Immutable. What a client's connections have in common.</summary>
internal sealed record ClientServices(GatewayClientOptions Options, RequestQueue Requests, SubscriptionTable Subscriptions, ILogger Log);
