using Gateway.Options;

namespace Gateway.Connections;

/// <summary>Safe for any thread. How many upgrades and streams one address may ask for: a second's worth at once.</summary>
internal sealed class HandshakeRates(GatewayOptions options, TimeProvider time) : AddressRates(new RateLimits(
    new LimitsOptions
    {
        MessagesPerSecond = options.Limits.HandshakesPerSecondPerAddress,
        MessageBurst = options.Limits.HandshakesPerSecondPerAddress,
        BytesPerSecond = 0,
    },
    time));
