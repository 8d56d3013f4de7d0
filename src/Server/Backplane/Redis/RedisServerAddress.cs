using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Gateway.Server.Options;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// How a Redis is reached: the addresses of a server, of some nodes of a cluster, or of the sentinels of a service, how to sign in, and
/// what the certificate must be. Every connection to Redis, through the client library or without it, is made from this. Immutable.
/// </summary>
internal sealed class RedisServerAddress
{
    private readonly ConfigurationOptions _parsed;
    private readonly RedisTls? _tls;
    private readonly string? _commonHost;

    /// <param name="text">An address that <see cref="RedisAddressText"/> accepts.</param>
    /// <param name="shared">The settings for whatever the text does not say.</param>
    public RedisServerAddress(string text, RedisOptions shared)
    {
        var written = new RedisAddressText(text);
        _parsed = ConfigurationOptions.Parse(text);
        EndPoints = [.. _parsed.EndPoints];
        User = _parsed.User ?? shared.User;
        Password = _parsed.Password ?? shared.Password;
        // The library would give sentinels the password for Redis. Most sentinels ask for none, and refuse a user that they do not know.
        SentinelUser = written.Has("sentinelUser") ? _parsed.SentinelUser : shared.SentinelUser;
        SentinelPassword = written.Has("sentinelPassword") ? _parsed.SentinelPassword : shared.SentinelPassword;
        Service = _parsed.ServiceName ?? shared.Sentinel;
        ShardedPubSub = shared.ShardedPubSub;
        // The same sentinels may know two services, which are different servers.
        Name = string.Join(',', written.Hosts) + (Service is null ? "" : $" ({Service})");
        // The library turns on TLS by itself for the hosts of some providers.
        if (written.Has("ssl") ? _parsed.Ssl : _parsed.Ssl || shared.Tls)
        {
            bool revocation = written.Has("checkCertificateRevocation") && _parsed.CheckCertificateRevocation;
            _tls = new RedisTls(shared.CertificatePath, shared.ClientCertificate, _parsed.SslProtocols ?? SslProtocols.None, revocation);
            // A cluster names its nodes by address, and its certificates may have only the one name that is configured.
            // What sentinels tell is another host.
            _commonHost = Service is null ? _parsed.Defaults.GetSslHostFromEndpoints(_parsed.EndPoints) : null;
        }
    }

    /// <summary>The hosts alone: what is shown, and what channels are shared out by. No option, and so no password, is in it.</summary>
    public string Name { get; }

    /// <summary>What was configured: of a cluster there are more, and of a service it is the sentinels.</summary>
    public IReadOnlyList<EndPoint> EndPoints { get; }

    /// <summary>The user; null for the default one.</summary>
    public string? User { get; }

    /// <summary>The password; null where the server asks for none.</summary>
    public string? Password { get; }

    /// <summary>
    /// The service whose master the sentinels at <see cref="EndPoints"/> know; null where the servers themselves are at these addresses.
    /// </summary>
    public string? Service { get; }

    public string? SentinelUser { get; }

    public string? SentinelPassword { get; }

    public ShardedPubSub ShardedPubSub { get; }

    public bool IsTls => _tls is not null;

    /// <summary>All configured addresses.</summary>
    public static IReadOnlyList<RedisServerAddress> AllOf(RedisOptions options) =>
        [.. options.Addresses.Select(text => new RedisServerAddress(text, options))];

    /// <summary>
    /// The options for one TLS handshake with a server, whether configured or found; null where connections are not encrypted.
    /// </summary>
    /// <exception cref="InvalidDataException">A certificate file cannot be used any more.</exception>
    public SslClientAuthenticationOptions? TlsTo(EndPoint endpoint)
    {
        if (_tls is null)
            return null;
        string host = endpoint switch
        {
            _ when !string.IsNullOrWhiteSpace(_parsed.SslHost) => _parsed.SslHost,
            DnsEndPoint named => named.Host,
            IPEndPoint numbered => _commonHost ?? numbered.Address.ToString(),
            _ => _commonHost ?? "",
        };
        return _tls.ForHost(host);
    }

    /// <summary>
    /// The client library's options for Redis at <see cref="EndPoints"/>, or at the master that sentinels there name.
    /// </summary>
    public ConfigurationOptions Configuration()
    {
        var options = Reaching(User, Password);
        // Longer than every timeout of RedisCalls, which knows what a late answer means.
        options.AsyncTimeout = 6000;
        return options;
    }

    /// <summary>The client library's options for the sentinels at <see cref="EndPoints"/>.</summary>
    public ConfigurationOptions SentinelConfiguration()
    {
        var options = Reaching(SentinelUser, SentinelPassword);
        options.CommandMap = CommandMap.Sentinel;
        options.DefaultDatabase = null;
        return options;
    }

    private ConfigurationOptions Reaching(string? user, string? password)
    {
        var options = _parsed.Clone();
        options.User = user;
        options.Password = password;
        options.Ssl = IsTls;
        // The gateway asks the sentinels itself. The library would also connect to the replicas, and could send commands to one of them.
        options.ServiceName = null;
        if (_tls is not null)
            options.SslClientAuthenticationOptions = _tls.ForHost;
        // The exception says why the connection failed.
        options.AbortOnConnectFail = true;
        options.ConnectTimeout = 2000;
        // For CONFIG GET, which tells whether what is confirmed survives a restart.
        options.AllowAdmin = true;
        // The gateway uses nothing of the newer protocol, and Redis's proxies know the older one better.
        options.Protocol = RedisProtocol.Resp2;
        // A command that cannot be sent now fails, and is not sent late.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ConnectRetry = 1;
        // By a key and a channel the library's users tell each other of masters. The gateway needs neither, and an access list need not
        // allow them; without a channel the library makes no pub/sub connection, and the gateway has its own.
        options.TieBreaker = "";
        options.ConfigurationChannel = "";
        return options;
    }
}
