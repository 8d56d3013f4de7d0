using System.Net;
using System.Security.Cryptography;
using Gateway.Protocol.Compression;
using Gateway.Server.Options;

namespace Gateway.Server.Hosting.Settings;

/// <summary>
/// Turns the <c>Gateway:</c> section into <see cref="GatewayOptions"/>, all problems in one <see cref="OptionsProblemsException"/>. For one
/// thread, at start.
/// </summary>
internal static class GatewayOptionsReader
{
    private static readonly TimeSpan Instant = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    private static readonly Dictionary<string, AccessPolicy> Permissions = new()
    {
        ["anyone"] = AccessPolicy.Anyone,
        ["signed-in"] = AccessPolicy.SignedIn,
        ["granted"] = AccessPolicy.Granted,
        ["nobody"] = AccessPolicy.Nobody,
    };

    private static readonly Dictionary<string, SlowConsumerPolicy> Policies = new()
    {
        ["disconnect"] = SlowConsumerPolicy.Disconnect,
        ["drop-oldest"] = SlowConsumerPolicy.DropOldest,
        ["latest"] = SlowConsumerPolicy.Latest,
    };

    private static readonly Dictionary<string, RateAction> RateActions = new()
    {
        ["reject"] = RateAction.Reject,
        ["delay"] = RateAction.Delay,
        ["close"] = RateAction.Close,
    };

    private static readonly Dictionary<string, TransportChoice> Transports = new()
    {
        ["auto"] = TransportChoice.Auto,
        ["epoll"] = TransportChoice.Epoll,
        ["sockets"] = TransportChoice.Sockets,
    };

    private static readonly Dictionary<string, CompressionLevel> CompressionLevels = new()
    {
        ["fastest"] = CompressionLevel.Fastest,
        ["optimal"] = CompressionLevel.Optimal,
    };

    /// <exception cref="OptionsProblemsException">Some value cannot be used.</exception>
    public static GatewayOptions Read(IConfiguration configuration) => Read(configuration, new GatewayOptions());

    /// <param name="configuration">All settings.</param>
    /// <param name="defaults">The values of keys that are not set.</param>
    /// <exception cref="OptionsProblemsException">Some value cannot be used.</exception>
    public static GatewayOptions Read(IConfiguration configuration, GatewayOptions defaults) =>
        Read(configuration, defaults, new SettingsReader(configuration.GetSection("Gateway")));

    /// <param name="configuration">All settings.</param>
    /// <param name="defaults">The values of keys that are not set.</param>
    /// <param name="settings">Reads the gateway's, and may know of problems already.</param>
    /// <exception cref="OptionsProblemsException">Some value cannot be used.</exception>
    public static GatewayOptions Read(IConfiguration configuration, GatewayOptions defaults, SettingsReader settings)
    {
        var options = Read(settings, defaults);
        options = options with { Warnings = [.. SettingNames.Warnings(configuration, settings.Unknown()), .. Warnings(options)] };
        return settings.Problems.Count == 0 ? options : throw new OptionsProblemsException(settings.Problems);
    }

    /// <summary>The names of all settings, as nothing but reading them knows; the problems of having none are nobody's.</summary>
    public static IReadOnlyCollection<string> Names()
    {
        var settings = new SettingsReader(new ConfigurationManager().GetSection("Gateway"));
        Read(settings, new GatewayOptions());
        return [.. settings.Effective.Keys];
    }

    private static GatewayOptions Read(SettingsReader settings, GatewayOptions defaults)
    {
        var defaultNamespace = ReadNamespace(settings, "default", new NamespaceOptions());
        var auth = AuthOptionsReader.Read(settings, defaults.Auth);
        bool development = settings.Flag("Development", defaults.Development);
        var options = new GatewayOptions
        {
            Development = development,
            Public = settings.Address("Public", defaults.Public),
            Internal = settings.Address("Internal", defaults.Internal),
            Node = settings.Text("Node", $"{Environment.MachineName}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}"),
            Limits = ReadLimits(settings, defaults.Limits),
            Certificate = ReadCertificate(settings),
            Proxy = ReadProxy(settings),
            Heartbeat = new HeartbeatOptions
            {
                Ping = settings.Time("Heartbeat:Ping", defaults.Heartbeat.Ping, Instant, Day),
                PongTimeout = settings.Time("Heartbeat:PongTimeout", defaults.Heartbeat.PongTimeout, Instant, Day),
            },
            Compression = new CompressionOptions
            {
                Enabled = settings.Flag("Compression:Enabled", defaults.Compression.Enabled),
                Threshold = settings.Integer("Compression:Threshold", defaults.Compression.Threshold, 0, 1 << 20),
                Level = settings.Choice("Compression:Level", defaults.Compression.Level, CompressionLevels),
            },
            Presence = new PresenceOptions
            {
                MaxUsers = settings.Integer("Presence:MaxUsers", defaults.Presence.MaxUsers, 0, 100_000),
                TimeToLive = settings.Time("Presence:TimeToLive", defaults.Presence.TimeToLive, TimeSpan.FromSeconds(1), Day),
            },
            Redis = RedisOptionsReader.Read(settings, defaults.Redis),
            Auth = auth,
            Origins = settings.List("Origins"),
            Api = new ApiOptions
            {
                Keys = settings.List("Api:Keys"),
                BodyBytes = settings.Integer("Api:BodyBytes", defaults.Api.BodyBytes, 1024, 256 << 20),
            },
            Hooks = HooksOptionsReader.Read(settings),
            DrainDuration = settings.Time("Drain:Duration", defaults.DrainDuration, TimeSpan.Zero, Day),
            HistoryBytes = settings.Integer("Memory:HistoryBytes", defaults.HistoryBytes, 1 << 20, 1L << 40),
            SendQueues = settings.Integer("Transport:SendQueues", defaults.SendQueues, 1, 256),
            Transport = settings.Choice("Transport:Kind", defaults.Transport, Transports),
            Loops = settings.Integer("Transport:Loops", defaults.Loops, 1, 256),
            Echo = settings.Flag("Diagnostics:Echo", defaults.Echo),
            DefaultNamespace = defaultNamespace,
            Namespaces = ReadNamespaces(settings, defaultNamespace, withDemo: development && !auth.HasKey),
        };
        CheckTogether(settings, options);
        return options;
    }

    private static IEnumerable<string> Warnings(GatewayOptions options)
    {
        if (options.Compression.Enabled && !ZLib.IsAvailable)
            yield return "Gateway:Compression:Enabled is not possible with this version of .NET, nothing is compressed";
    }

    private static LimitsOptions ReadLimits(SettingsReader settings, LimitsOptions defaults)
    {
        int messageBytes = settings.Integer("Limits:MessageBytes", defaults.MessageBytes, 128, 256 << 20);
        return new()
        {
            MessageBytes = messageBytes,
            OutboundBytes = settings.Integer("Limits:OutboundBytes", defaults.OutboundBytes, 1024, 1 << 30),
            ChannelsPerConnection = settings.Integer("Limits:ChannelsPerConnection", defaults.ChannelsPerConnection, 1, 1_000_000),
            ChannelName = settings.Integer("Limits:ChannelName", defaults.ChannelName, 1, 4096),
            Handshake = settings.Time("Limits:Handshake", defaults.Handshake, Instant, Day),
            IdleHttp = settings.Time("Limits:IdleHttp", defaults.IdleHttp, Instant, Day),
            MessagesPerSecond = settings.Integer("Limits:MessagesPerSecond", defaults.MessagesPerSecond, 0, long.MaxValue),
            MessageBurst = settings.Integer("Limits:MessageBurst", defaults.MessageBurst, 1, long.MaxValue),
            BytesPerSecond = settings.Integer("Limits:BytesPerSecond", defaults.BytesPerSecond, 0, long.MaxValue),
            // A message larger than a full bucket costs all of it; unless somebody wants that, each is to cost what it is.
            ByteBurst = settings.Integer("Limits:ByteBurst", Math.Max(defaults.ByteBurst, messageBytes), 1, long.MaxValue),
            RateAction = settings.Choice("Limits:RateAction", defaults.RateAction, RateActions),
            Connections = settings.Integer("Limits:Connections", defaults.Connections, 0, int.MaxValue),
            ConnectionsPerAddress = settings.Integer("Limits:ConnectionsPerAddress", defaults.ConnectionsPerAddress, 0, int.MaxValue),
            ConnectionsPerUser = settings.Integer("Limits:ConnectionsPerUser", defaults.ConnectionsPerUser, 0, int.MaxValue),
            HandshakesPerSecondPerAddress = settings.Integer(
                "Limits:HandshakesPerSecondPerAddress", defaults.HandshakesPerSecondPerAddress, 0, 1_000_000),
            SocketsPerAddress = settings.Integer("Limits:SocketsPerAddress", defaults.SocketsPerAddress, 0, int.MaxValue),
        };
    }

    private static CertificateOptions? ReadCertificate(SettingsReader settings)
    {
        var (path, password, key) = (
            settings.Text("Certificate:Path"), settings.Text("Certificate:Password"), settings.Text("Certificate:KeyPath"));
        if (path is null && (password ?? key) is not null)
            settings.Problem("Certificate:Path", "is missing, but there is a password or a key for it");
        return path is null ? null : new CertificateOptions { Path = path, Password = password, KeyPath = key };
    }

    private static ProxyOptions ReadProxy(SettingsReader settings)
    {
        var trusted = new List<IPNetwork>();
        foreach (string text in settings.List("Proxy:Trusted"))
        {
            if (IPNetwork.TryParse(text, out var network))
                trusted.Add(network);
            else if (IPAddress.TryParse(text, out var address))
                trusted.Add(new IPNetwork(address, address.GetAddressBytes().Length * 8));
            else
                settings.Problem("Proxy:Trusted", $"'{text}' must be an address such as 10.0.0.7 or a block such as 10.0.0.0/8");
        }
        return new ProxyOptions { Protocol = settings.Flag("Proxy:Protocol", false), Trusted = trusted };
    }

    /// <param name="settings">The settings.</param>
    /// <param name="fallback">What a namespace does not set itself.</param>
    /// <param name="withDemo">
    /// Whether <c>/demo</c> is served: its channels have history and presence unless they are told otherwise.
    /// </param>
    private static Dictionary<string, NamespaceOptions> ReadNamespaces(SettingsReader settings, NamespaceOptions fallback, bool withDemo)
    {
        var namespaces = new Dictionary<string, NamespaceOptions>(StringComparer.Ordinal);
        var demo = fallback with { History = 50, HistoryTtl = TimeSpan.FromHours(1), Presence = true };
        foreach (string name in settings.Children("Namespaces").Union(withDemo ? ["demo"] : []))
        {
            if (name is not "default")
                namespaces[name] = ReadNamespace(settings, name, withDemo && name is "demo" ? demo : fallback);
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
        Compress = settings.Flag($"Namespaces:{name}:Compress", fallback.Compress),
    };

    private static void CheckTogether(SettingsReader settings, GatewayOptions options)
    {
        if (options is { Public: { } open, Internal: { } inner } && open.Collides(inner))
            settings.Problem("Internal", $"{options.Internal} must not be the public port");
        AuthOptionsReader.CheckTogether(settings, options);
        CheckDevelopment(settings, options);
        if (options.Internal is { IsTls: true })
            settings.Problem("Internal", "https is served on the public port only");
        CheckCertificate(settings, options);
        if (options is { Transport: TransportChoice.Epoll, EventLoopsObstacle: { } obstacle })
            settings.Problem("Transport:Kind", $"epoll cannot serve, because {obstacle}: leave it out, and Kestrel's sockets serve there");
    }

    /// <summary>The flag is refused with a key too: what keeps it harmless must not depend on a setting that is easily lost.</summary>
    private static void CheckDevelopment(SettingsReader settings, GatewayOptions options)
    {
        string? open = options.Public is { IsLoopback: false } ? $"Public is {options.Public}"
            : options.Internal is { IsLoopback: false } ? $"Internal is {options.Internal}"
            : options.Proxy.Protocol ? "Proxy:Protocol is set"
            : options.Proxy.Trusted.Count > 0 ? "Proxy:Trusted is set" : null;
        if (!options.Development || open is null)
            return;
        settings.Problem("Development",
            $"is for this machine alone, but Gateway:{open}: leave it out, or with dotnet run, which sets it, add " +
            "--Gateway:Development=false");
    }

    private static void CheckCertificate(SettingsReader settings, GatewayOptions options)
    {
        if (options.Certificate is not { } certificate)
        {
            if (options.Public is { IsTls: true })
                settings.Problem("Public", $"{options.Public} needs Gateway:Certificate:Path");
            return;
        }
        // Served in the clear although there is a certificate is hardly what was meant.
        if (options.Public is not { IsTls: true })
            settings.Problem("Certificate:Path", $"is set, but Gateway:Public is {options.Public?.ToString() ?? "not set"} and not https");
        else if (CertificateFiles.TryRead(certificate, out string problem) is not { } files
            || files.TryLoad(certificate, out problem) is null)
            settings.Problem("Certificate:Path", problem);
    }
}
