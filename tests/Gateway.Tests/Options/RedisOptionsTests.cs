using System.Net;
using System.Net.Sockets;
using Gateway.Server.Backplane.Redis;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;
using Gateway.TestSupport;

namespace Gateway.Tests.Options;

/// <summary><c>Gateway:Redis</c>: the ways to reach a server, and the values that stop the start.</summary>
public sealed class RedisOptionsTests
{
    [Fact]
    public void A_setting_beside_the_addresses_holds_for_all_without_their_own()
    {
        var addresses = Addresses(
            "Redis:Addresses=a:1;b:2,user=bob,password=of bob,ssl=false",
            "Redis:User=ann",
            "Redis:Password=of, ann; and=all",
            "Redis:Tls=true");

        Assert.Equal(["a:1", "b:2"], addresses.Select(address => address.Name));
        Assert.Equal(
            [("ann", "of, ann; and=all", true), ("bob", "of bob", false)],
            addresses.Select(address => (address.User, address.Password, address.IsTls)));
        Assert.All(addresses, address =>
        {
            var configuration = address.Configuration();
            Assert.Equal((address.User, address.Password, address.IsTls), (configuration.User, configuration.Password, configuration.Ssl));
        });
    }

    [Fact]
    public void An_address_is_understood_as_the_client_library_writes_it()
    {
        var address = Assert.Single(Addresses(
            "Redis:Addresses=cache.example:6380,user=ann,password=secret,ssl=True," +
            "sslHost=other.example,abortConnect=False,defaultDatabase=3"));

        Assert.Equal(("cache.example:6380", "ann", "secret"), (address.Name, address.User, address.Password));
        Assert.Equal("other.example", address.TlsTo(address.EndPoints[0])?.TargetHost);
        Assert.Equal(3, address.Configuration().DefaultDatabase);
    }

    [Fact]
    public void Sentinels_have_a_service_and_a_password_of_their_own()
    {
        var (set, written) = (
            Assert.Single(
                Addresses(
                    "Redis:Addresses=s1:1,s2:2", "Redis:Sentinel=main", "Redis:Password=p", "Redis:SentinelUser=u",
                    "Redis:SentinelPassword=s")),
            Assert.Single(Addresses("Redis:Addresses=s1:1,s2:2,serviceName=main,password=p,sentinelUser=u,sentinelPassword=s")));

        foreach (var address in new[] { set, written })
        {
            Assert.Equal(("s1:1,s2:2 (main)", "main", "p"), (address.Name, address.Service, address.Password));
            var sentinels = address.SentinelConfiguration();
            Assert.Equal(("u", "s", 2), (sentinels.User, sentinels.Password, sentinels.EndPoints.Count));
            // The client library must never look for the master itself.
            Assert.Null(address.Configuration().ServiceName);
        }
    }

    [Theory]
    [InlineData(null, "Auto")]
    [InlineData("auto", "Auto")]
    [InlineData("true", "On")]
    [InlineData("False", "Off")]
    public void Sharded_pub_sub_is_automatic_by_default(string? text, string expected)
    {
        string[] settings = text is null ? [] : ["Redis:ShardedPubSub=" + text];

        Assert.Equal(expected, Assert.Single(Addresses(["Redis:Addresses=a:1", .. settings])).ShardedPubSub.ToString());
    }

    [Fact]
    public void The_credentials_of_Redis_are_not_shown_to_sentinels()
    {
        var addresses = Addresses(
            "Redis:Addresses=s:1,user=ann,password=p;s:2", "Redis:User=ann", "Redis:Password=p", "Redis:Sentinel=main");
        foreach (var address in addresses)
        {
            var sentinels = address.SentinelConfiguration();
            Assert.Equal((null, null), (sentinels.User, sentinels.Password));
        }
    }

    [Fact]
    public void An_IPv6_address_and_a_Unix_socket_are_addresses()
    {
        var addresses = Addresses("Redis:Addresses=[::1]:6379;!/run/redis.sock");

        Assert.Equal(["[::1]:6379", "!/run/redis.sock"], addresses.Select(address => address.Name));
        Assert.Equal(new IPEndPoint(IPAddress.IPv6Loopback, 6379), Assert.Single(addresses[0].EndPoints));
        Assert.Equal("/run/redis.sock", Assert.IsType<UnixDomainSocketEndPoint>(Assert.Single(addresses[1].EndPoints)).ToString());
    }

    [Theory]
    [InlineData("redis://ann:hunter2@cache:6379")]
    [InlineData("ann:hunter2@cache:6379")]
    [InlineData("hunter2@cache:6379")]
    [InlineData("cache:6379@hunter2")]
    [InlineData("!@hunter2")]
    [InlineData("!/run/hunter2@redis.sock")]
    [InlineData("cache:6379 hunter2")]
    [InlineData("cache:6379,password=a,hunter2")]
    [InlineData("cache:6379,password=a;hunter2")]
    [InlineData("cache:6379,hunter2")]
    [InlineData("cache:6379,password=a,b:1,hunter2=c")]
    [InlineData("cache:6379,hunter2=1")]
    [InlineData("cache:6379,ssl=hunter2")]
    [InlineData("cache:hunter2")]
    [InlineData("cache:0")]
    [InlineData("cache:65536")]
    [InlineData("cache")]
    [InlineData("[::1")]
    [InlineData("::1:6379")]
    [InlineData("cache:6379,cache:6379")]
    [InlineData("password=hunter2")]
    [InlineData("cache:6379,channelPrefix=hunter2")]
    [InlineData("cache:6379,tunnel=http:hunter2:1")]
    [InlineData("cache:6379,proxy=Twemproxy")]
    [InlineData("cache:6379,$PUBLISH=hunter2")]
    public void An_invalid_address_stops_the_start_and_is_not_shown(string address)
    {
        string problem = Assert.Single(Problems("Redis:Addresses=" + address));

        Assert.StartsWith("Gateway:Redis:Addresses: address ", problem, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(
        "Redis:User: address 1 of 1 has a user and no password; where none is asked for, any will do",
        "Redis:Addresses=a:1",
        "Redis:User=ann")]
    [InlineData(
        "Redis:SentinelUser: address 1 of 1 has a user for the sentinels and no password",
        "Redis:Addresses=a:1,serviceName=m",
        "Redis:SentinelUser=ann")]
    [InlineData(
        "Redis:Sentinel: address 1 of 1 has a password for sentinels, but no name of a service to ask them for",
        "Redis:Addresses=a:1",
        "Redis:SentinelPassword=hunter2")]
    [InlineData(
        "Redis:Tls: address 1 of 1 is a Unix socket, which Redis does not encrypt", "Redis:Addresses=!/run/redis.sock", "Redis:Tls=true")]
    [InlineData("Redis:Addresses: address 2 of 2 is there twice", "Redis:Addresses=a:1;a:1,password=hunter2")]
    [InlineData(
        "Redis:ShardedPubSub: 'sometimes' must be one of auto, true, false", "Redis:Addresses=a:1", "Redis:ShardedPubSub=sometimes")]
    [InlineData("Redis:Addresses: is missing, but Redis:Sentinel is set", "Redis:Sentinel=main")]
    [InlineData("Redis:Addresses: is missing, but Redis:Password is set", "Redis:Password=hunter2")]
    [InlineData(
        "Redis:ClientCertificatePath: is missing, but there is a key for it",
        "Redis:Addresses=a:1",
        "Redis:ClientCertificateKeyPath=/no/such/file")]
    [InlineData("Redis:Tls: 'yes' must be true or false", "Redis:Addresses=a:1", "Redis:Tls=yes")]
    [InlineData(
        "Redis:CertificatePath: '/no/such/file' cannot be used: Could not find a part of the path '/no/such/file'.",
        "Redis:Addresses=a:1,ssl=true",
        "Redis:CertificatePath=/no/such/file")]
    public void Contradictory_settings_stop_the_start(string problem, params string[] settings)
    {
        string found = Assert.Single(Problems(settings));

        Assert.Equal("Gateway:" + problem, found);
        Assert.DoesNotContain("hunter2", found, StringComparison.Ordinal);
    }

    [Fact]
    public void Certificates_are_for_encrypted_connections_and_must_be_there()
    {
        using var certificate = new TestCertificate();
        string[] files =
        [
            "Redis:CertificatePath=" + certificate.PemPath,
            "Redis:ClientCertificatePath=" + certificate.PemPath,
            "Redis:ClientCertificateKeyPath=" + certificate.KeyPath,
        ];

        Assert.Equal(
            [
                "Gateway:Redis:CertificatePath: is set, but no connection is encrypted: set Redis:Tls",
                "Gateway:Redis:ClientCertificatePath: is set, but no connection is encrypted: set Redis:Tls",
            ],
            Problems(["Redis:Addresses=a:1", .. files]));
        var tls = Assert.Single(Addresses(["Redis:Addresses=a:1,ssl=true", .. files])).TlsTo(new DnsEndPoint("a", 1));
        Assert.Equal("a", tls?.TargetHost);
        Assert.Equal(certificate.Thumbprint, tls?.ClientCertificateContext?.TargetCertificate.Thumbprint);
        Assert.Equal(certificate.Thumbprint, Assert.Single(tls!.CertificateChainPolicy!.CustomTrustStore).Thumbprint);

        Assert.Equal(
            [
                $"Gateway:Redis:CertificatePath: '{certificate.KeyPath}' holds no certificate in PEM",
                $"Gateway:Redis:ClientCertificatePath: {certificate.PemPath}, {certificate.PemPath}: " +
                    "The key contents do not contain a PEM, the content is malformed, or the key does not match the certificate.",
            ],
            Problems(
                "Redis:Addresses=a:1", "Redis:Tls=true", "Redis:CertificatePath=" + certificate.KeyPath,
                "Redis:ClientCertificatePath=" + certificate.PemPath));
    }

    [Fact]
    public void No_secret_is_printed()
    {
        var options = GatewayOptionsReader.Read(Settings.Of(
            "Redis:Addresses=a:1,serviceName=m,password=hunter2", "Redis:Password=hunter2", "Redis:SentinelPassword=hunter2"));

        Assert.DoesNotContain("hunter2", options.ToString(), StringComparison.Ordinal);
    }

    private static IReadOnlyList<RedisServerAddress> Addresses(params string[] settings) =>
        RedisServerAddress.AllOf(GatewayOptionsReader.Read(Settings.Of(settings)).Redis);

    private static IReadOnlyList<string> Problems(params string[] settings) =>
        Assert.Throws<OptionsProblemsException>(() => GatewayOptionsReader.Read(Settings.Of(settings))).Problems;
}
