using System.Runtime.InteropServices;

namespace Gateway.Server.Options;

/// <summary>
/// The settings of a node, read once at start and shared by all. Immutable. The keys are those of <c>docs/configuration.md</c>.
/// </summary>
internal sealed record GatewayOptions
{
    /// <summary><c>Gateway:Development</c>, which asks for development mode. Default false; refused where others could come in.</summary>
    public bool Development { get; init; }

    /// <summary>Development mode: everybody is let in as anonymous, and <c>/demo</c> is served. With a key tokens are needed.</summary>
    public bool IsDevelopment => Development && !Auth.HasKey;

    /// <summary>
    /// <c>Gateway:Public</c>, where clients connect. Default <c>http://127.0.0.1:8080</c>; null, no such port, when embedded.
    /// </summary>
    public ListenAddress? Public { get; init; } = new("http", System.Net.IPAddress.Loopback, 8080);

    /// <summary>
    /// <c>Gateway:Internal</c>, the operator's port: API, metrics and health; never the public port. Default <c>http://127.0.0.1:8081</c>;
    /// null, no such port, when embedded.
    /// </summary>
    public ListenAddress? Internal { get; init; } = new("http", System.Net.IPAddress.Loopback, 8081);

    /// <summary><c>Gateway:Node</c>, this node's name in logs and in <c>connected</c>. Unset: the host name and a random suffix.</summary>
    public string Node { get; init; } = "node";

    public LimitsOptions Limits { get; init; } = new();

    /// <summary><c>Gateway:Certificate</c>; null where the public port is <c>http</c>.</summary>
    public CertificateOptions? Certificate { get; init; }

    public ProxyOptions Proxy { get; init; } = new();

    public HeartbeatOptions Heartbeat { get; init; } = new();

    public CompressionOptions Compression { get; init; } = new();

    public PresenceOptions Presence { get; init; } = new();

    public RedisOptions Redis { get; init; } = new();

    public AuthOptions Auth { get; init; } = new();

    /// <summary><c>Gateway:Origins</c>, the pages whose scripts may connect. Default empty: any.</summary>
    public IReadOnlyList<string> Origins { get; init; } = [];

    public ApiOptions Api { get; init; } = new();

    public HooksOptions Hooks { get; init; } = new();

    /// <summary>
    /// <c>Gateway:Drain:Duration</c>, the time within which the node stops on SIGTERM, its connections closed evenly over all but the
    /// last two seconds of it. Default 30 s; zero closes all at once.
    /// </summary>
    public TimeSpan DrainDuration { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// <c>Gateway:Memory:HistoryBytes</c>, what the in-memory backplane keeps of all channels' history. Default 256 MiB. Over it, the
    /// channels published to longest ago lose their history first.
    /// </summary>
    public long HistoryBytes { get; init; } = 256L << 20;

    /// <summary>
    /// <c>Gateway:Transport:SendQueues</c>, how many threads send at most. Unset: half the cores, at least one. More send in parallel;
    /// fewer coalesce more.
    /// </summary>
    public int SendQueues { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary><c>Gateway:Transport:Kind</c>. Default <see cref="TransportChoice.Auto"/>.</summary>
    public TransportChoice Transport { get; init; } = TransportChoice.Auto;

    /// <summary><c>Gateway:Transport:Loops</c>, the event loops. Unset: half the cores, at least one; the other half sends.</summary>
    public int Loops { get; init; } = Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>Whether event loops serve the public port.</summary>
    public bool UsesEventLoops => Transport != TransportChoice.Sockets && EventLoopsObstacle is null;

    /// <summary>
    /// Why event loops cannot serve the public port; null where they can. They need Linux, and a processor on which its constants are
    /// known; TLS and the PROXY header are read out of Kestrel's sockets.
    /// </summary>
    public string? EventLoopsObstacle =>
        !OperatingSystem.IsLinux() || RuntimeInformation.ProcessArchitecture is not (Architecture.X64 or Architecture.Arm64)
            ? "this system is not Linux on x64 or Arm64"
        : Public is null ? "Gateway:Public is not set"
        : Public.IsTls ? $"Gateway:Public is {Public}"
        : Proxy.Protocol ? "Gateway:Proxy:Protocol is set"
        : null;

    /// <summary><c>Gateway:Diagnostics:Echo</c>, whether <c>/echo</c> is served. Default false.</summary>
    public bool Echo { get; init; }

    /// <summary>
    /// The rules of every namespace named in <c>Gateway:Namespaces</c>; see <see cref="DefaultNamespace"/> for all others.
    /// </summary>
    public IReadOnlyDictionary<string, NamespaceOptions> Namespaces { get; init; } = new Dictionary<string, NamespaceOptions>();

    /// <summary>
    /// <c>Gateway:Namespaces:default</c>: channels without a namespace, and whatever another namespace does not set itself.
    /// </summary>
    public NamespaceOptions DefaultNamespace { get; init; } = new();

    /// <summary>Sentences about settings that mean nothing, most often a typing error: shown at start.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}
