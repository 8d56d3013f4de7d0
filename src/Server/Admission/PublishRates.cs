using Gateway.Server.Connections;
using Gateway.Server.Options;

namespace Gateway.Server.Admission;

/// <summary>How many messages and bytes one address may publish by request: as many as one connection. Safe for any thread.</summary>
internal sealed class PublishRates(GatewayOptions options, TimeProvider time) : AddressRates(new RateLimits(options, time));
