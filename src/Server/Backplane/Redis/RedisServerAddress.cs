using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Gateway.Server.Options;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>
/// How a Redis is reached: where a server, some nodes of a cluster, or the sentinels of a service are, how to sign in there, and what its
/// certificate must be. Immutable. Whoever connects to Redis, through the client library or without it, takes all of it from here.
/// </summary>
internal sealed class RedisServerAddress
{
    private readonly ConfigurationOptions _parsed;
    private readonly RedisTls? _tls;
    private readonly string? _commonHost;

    /// <param name="text">As <see cref="RedisAddressText"/> finds it good.</param>
    /// <param name="shared">What holds where the text does not say otherwise.</param>
    public RedisServerAddress(string text, RedisOptions shared)
    {
        var written = new RedisAddressText(text);
        _parsed = ConfigurationOptions.Parse(text);
        EndPoints = [.. _parsed.EndPoints];
        User = _parsed.User ?? shared.User;
        Password = _parsed.Password ?? shared.Password;
        // The library would show sentinels what is meant for Redis. Most ask for nothing, and refuse a user whom they do not know.
        SentinelUser = written.Has("sentinelUser") ? _parsed.SentinelUser : shared.SentinelUser;
        SentinelPassword = written.Has("sentinelPassword") ? _parsed.SentinelPassword : shared.SentinelPassword;
        Service = _parsed.ServiceName ?? shared.Sentinel;
        ShardedPubSub = shared.ShardedPubSub;
        // Two services may be known to the same sentinels, and are not the same server.
        Name = string.Join(',', written.Hosts) + (Service is null ? "" : $" ({Service})");
        // A provider's own hosts may have it by themselves.
        if (written.Has("ssl") ? _parsed.Ssl : _parsed.Ssl || shared.Tls)
        {
            bool revocation = written.Has("checkCertificateRevocation") && _parsed.CheckCertificateRevocation;
            _tls = new RedisTls(shared.CertificatePath, shared.ClientCertificate, _parsed.SslProtocols ?? SslProtocols.None, revocation);
            // A cluster tells addresses of its nodes, and its certificates may have the one name that was configured.
            // What sentinels tell is another host.
            _commonHost = Service is null ? _parsed.Defaults.GetSslHostFromEndpoints(_parsed.EndPoints) : null;
        }
    }

    /// <summary>The hosts alone: what is shown, and what channels are shared out by. No option, and so no password, is in it.</summary>
    public string Name { get; }

    /// <summary>What was configured: of a cluster there are more, and of a service it is the sentinels.</summary>
    public IReadOnlyList<EndPoint> EndPoints { get; }

    /// <summary>Null: the default user.</summary>
    public string? User { get; }

    /// <summary>Null: none is asked for.</summary>
    public string? Password { get; }

    /// <summary>The service whose master the sentinels at <see cref="EndPoints"/> know. Null: the servers are there themselves.</summary>
    public string? Service { get; }

    public string? SentinelUser { get; }

    public string? SentinelPassword { get; }

    public ShardedPubSub ShardedPubSub { get; }

    public bool IsTls => _tls is not null;

    /// <summary>All that are configured.</summary>
    public static IReadOnlyList<RedisServerAddress> AllOf(RedisOptions options) =>
        [.. options.Addresses.Select(text => new RedisServerAddress(text, options))];

    /// <summary>For one TLS handshake with a server, whether configured or found. Null where connections are in the clear.</summary>
    /// <exception cref="InvalidDataException">A file of certificates cannot be used any more.</exception>
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
    /// For the client library, to connect to Redis at <see cref="EndPoints"/>; where sentinels are there, at what they name.
    /// </summary>
    public ConfigurationOptions Configuration()
    {
        var options = Reaching(User, Password);
        // Behind every patience of RedisConnection, which knows what a late answer means.
        options.AsyncTimeout = 6000;
        return options;
    }

    /// <summary>For the client library, to connect to the sentinels at <see cref="EndPoints"/>.</summary>
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
        // The gateway asks the sentinels itself: the library would also connect to the replicas, and could ask one of them.
        options.ServiceName = null;
        if (_tls is not null)
            options.SslClientAuthenticationOptions = _tls.ForHost;
        // So that it says why.
        options.AbortOnConnectFail = true;
        options.ConnectTimeout = 2000;
        // For CONFIG GET, which tells whether what is confirmed survives a restart.
        options.AllowAdmin = true;
        // The newer protocol has nothing that is used here, and Redis's proxies know the older one better.
        options.Protocol = RedisProtocol.Resp2;
        // What cannot be sent now was not done: nothing is to be done late.
        options.BacklogPolicy = BacklogPolicy.FailFast;
        options.ConnectRetry = 1;
        // By a key and a channel the library's users tell each other of masters. The gateway needs neither, and an access list need not
        // allow them; without a channel the library makes no pub/sub connection, and the gateway has its own.
        options.TieBreaker = "";
        options.ConfigurationChannel = "";
        return options;
    }
}
