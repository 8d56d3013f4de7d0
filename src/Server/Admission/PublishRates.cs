using Gateway.Server.Connections;
using Gateway.Server.Options;

namespace Gateway.Server.Admission;

/// <summary>Safe for any thread. How many messages and bytes one address may publish by request: as many as one connection.</summary>
internal sealed class PublishRates(GatewayOptions options, TimeProvider time) : AddressRates(new RateLimits(options, time));
