using System.Security.Cryptography;
using Gateway.Backplane.Redis;

namespace Gateway.Options;

/// <summary>For one thread, at start. Turns the <c>Gateway:</c> section into <see cref="GatewayOptions"/>, all problems in one <see cref="OptionsProblemsException"/>.</summary>
internal static class GatewayOptionsReader
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private static readonly Dictionary<string, Permission> Permissions = new()
    {
        ["anyone"] = Permission.Anyone,
        ["signed-in"] = Permission.SignedIn,
        ["granted"] = Permission.Granted,
        ["nobody"] = Permission.Nobody,
    };

    private static readonly Dictionary<string, SlowConsumerPolicy> Policies = new()
    {
        ["disconnect"] = SlowConsumerPolicy.Disconnect,
        ["drop-oldest"] = SlowConsumerPolicy.DropOldest,
        ["latest"] = SlowConsumerPolicy.Latest,
    };

    /// <summary>Features whose keys are part of the contract but which this version does not have. Ignoring such a key would be unsafe, so it stops the start.</summary>
    private static readonly (string Key, string Feature)[] Missing =
    [
        ("Auth:Secret", "signing in with tokens"), ("Auth:Jwks", "signing in with tokens"), ("Auth:Cookie", "signing in with tokens"),
        ("Auth:Required", "signing in with tokens"),
        ("Origins", "the Origin check"), ("Proxy:Protocol", "the PROXY protocol"), ("Proxy:Trusted", "trusted proxies"),
        ("Certificate:Path", "TLS"),
        ("Limits:Connections", "this limit"), ("Limits:ConnectionsPerAddress", "this limit"), ("Limits:ConnectionsPerUser", "this limit"),
        ("Limits:HandshakesPerSecondPerAddress", "this limit"),
    ];

    /// <exception cref="OptionsProblemsException">Some value cannot be used.</exception>
    public static GatewayOptions Read(IConfiguration configuration)
    {
        var settings = new SettingsReader(configuration.GetSection("Gateway"));
        var defaults = new GatewayOptions();
        var defaultNamespace = ReadNamespace(settings, "default", new NamespaceOptions());
        var options = new GatewayOptions
        {
            Public = settings.Address("Public", defaults.Public),
            Internal = settings.Address("Internal", defaults.Internal),
            Node = settings.Text("Node") ?? $"{Environment.MachineName}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}",
            Limits = ReadLimits(settings, defaults.Limits),
            Heartbeat = new HeartbeatOptions
            {
                Ping = settings.Time("Heartbeat:Ping", defaults.Heartbeat.Ping, Instant, Day),
                PongTimeout = settings.Time("Heartbeat:PongTimeout", defaults.Heartbeat.PongTimeout, Instant, Day),
            },
            Presence = new PresenceOptions
            {
                MaxUsers = settings.Integer("Presence:MaxUsers", defaults.Presence.MaxUsers, 0, 100_000),
                TimeToLive = settings.Time("Presence:TimeToLive", defaults.Presence.TimeToLive, TimeSpan.FromSeconds(1), Day),
            },
            Redis = ReadRedis(settings, defaults.Redis),
            Api = new ApiOptions
            {
                Keys = settings.List("Api:Keys"),
                BodyBytes = settings.Integer("Api:BodyBytes", defaults.Api.BodyBytes, 1024, 256 << 20),
            },
            DrainDuration = settings.Time("Drain:Duration", defaults.DrainDuration, TimeSpan.Zero, Day),
            HistoryBytes = settings.Integer("Memory:HistoryBytes", defaults.HistoryBytes, 1 << 20, 1L << 40),
            SendQueues = settings.Integer("Transport:SendQueues", defaults.SendQueues, 1, 256),
            Echo = settings.Flag("Diagnostics:Echo", defaults.Echo),
            DefaultNamespace = defaultNamespace,
            Namespaces = ReadNamespaces(settings, defaultNamespace),
        };
        CheckTogether(settings, options);
        AcceptUnused(settings);
        options = options with { UnknownKeys = settings.Unknown() };
        return settings.Problems.Count == 0 ? options : throw new OptionsProblemsException(settings.Problems);
    }

    private static LimitsOptions ReadLimits(SettingsReader settings, LimitsOptions defaults) => new()
    {
        MessageBytes = settings.Integer("Limits:MessageBytes", defaults.MessageBytes, 128, 256 << 20),
        OutboundBytes = settings.Integer("Limits:OutboundBytes", defaults.OutboundBytes, 1024, 1 << 30),
        ChannelsPerConnection = settings.Integer("Limits:ChannelsPerConnection", defaults.ChannelsPerConnection, 1, 1_000_000),
        ChannelName = settings.Integer("Limits:ChannelName", defaults.ChannelName, 1, 4096),
        Handshake = settings.Time("Limits:Handshake", defaults.Handshake, Instant, Day),
    };

    private static RedisOptions ReadRedis(SettingsReader settings, RedisOptions defaults)
    {
        string[] addresses = (settings.Text("Redis:Addresses") ?? "").Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        for (int i = 0; i < addresses.Length; i++)
        {
            // Neither the address nor the exception is shown: both may hold a password.
            if (!RedisServerAddress.IsValid(addresses[i]))
                settings.Problem("Redis:Addresses", $"address {i + 1} of {addresses.Length} must look like host:port[,password=…,ssl=true]");
        }
        string prefix = settings.Text("Redis:Prefix") ?? defaults.Prefix;
        if (prefix.Length > 64 || prefix.Any(letter => letter is '{' or '}' || char.IsWhiteSpace(letter) || char.IsControl(letter)))
            settings.Problem("Redis:Prefix", $"'{prefix}' must be at most 64 characters without blanks and braces");
        return new RedisOptions { Addresses = addresses, Prefix = prefix };
    }

    private static Dictionary<string, NamespaceOptions> ReadNamespaces(SettingsReader settings, NamespaceOptions fallback)
    {
        var namespaces = new Dictionary<string, NamespaceOptions>(StringComparer.Ordinal);
        foreach (string name in settings.Children("Namespaces"))
        {
            if (name is not "default")
                namespaces[name] = ReadNamespace(settings, name, fallback);
        }
        return namespaces;
    }

    private static NamespaceOptions ReadNamespace(SettingsReader settings, string name, NamespaceOptions fallback) => new()
    {
        History = settings.Integer($"Namespaces:{name}:History", fallback.History, 0, 1_000_000),
        HistoryTtl = settings.Time($"Namespaces:{name}:HistoryTtl", fallback.HistoryTtl, Instant, TimeSpan.FromDays(365)),
        Presence = settings.Flag($"Namespaces:{name}:Presence", fallback.Presence),
        Subscribe = settings.Choice($"Namespaces:{name}:Subscribe", fallback.Subscribe, Permissions),
        Publish = settings.Choice($"Namespaces:{name}:Publish", fallback.Publish, Permissions),
        SlowConsumer = settings.Choice($"Namespaces:{name}:SlowConsumer", fallback.SlowConsumer, Policies),
    };

    private static void CheckTogether(SettingsReader settings, GatewayOptions options)
    {
        if (options.Public.Collides(options.Internal))
            settings.Problem("Internal", $"{options.Internal} must not be the public port");
        if (!options.Public.IsLoopback)
            settings.Problem("Public", $"{options.Public} is open to the network, but no key is configured: without one the gateway listens on loopback only");
        foreach (var (key, address) in new[] { ("Public", options.Public), ("Internal", options.Internal) })
        {
            if (address.IsTls)
                settings.Problem(key, "https is not available in this version; let the load balancer terminate TLS");
        }
        foreach (var (key, feature) in Missing)
        {
            if (settings.Children(key).Any() || settings.Text(key) is not (null or "0" or "false" or "False"))
                settings.Problem(key, $"{feature} is not available in this version");
        }
    }

    /// <summary>Keys of the contract whose default is all this version does: known, so that they are no typing errors.</summary>
    private static void AcceptUnused(SettingsReader settings)
    {
        string[] unused =
        [
            "Auth:Issuer", "Auth:Audience", "Auth:Timeout",
            "Certificate:Password", "Certificate:KeyPath", "Limits:MessagesPerSecond", "Limits:MessageBurst",
            "Limits:BytesPerSecond", "Limits:ByteBurst", "Limits:RateAction",
        ];
        foreach (string key in unused)
            _ = settings.Text(key);
    }
}
