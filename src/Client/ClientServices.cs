using Microsoft.Extensions.Logging;

namespace Gateway.Client;

/// <summary>The parts of a client that each of its connections uses. Immutable.</summary>
internal sealed record ClientServices(GatewayClientOptions Options, RequestQueue Requests, SubscriptionTable Subscriptions, ILogger Log);
