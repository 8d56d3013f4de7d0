using System.Globalization;
using Gateway.Tests.Redis.Faults;
using Gateway.TestSupport;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Gateway.Tests.Redis.Reaching;

/// <summary>Redis over TLS with certificates of a private authority, as in scaling under "Reaching Redis".</summary>
public sealed class TlsTests : IDisposable
{
    private const int Away = 123;
    private const int AwayForNodes = 125;

    private readonly TestAuthority _authority = new();
    private readonly int _port = LoopbackPorts.Next();

    [Fact]
    public async Task With_a_private_authority()
    {
        await using var redis = await StartAsync(asksForCertificate: false, "localhost");
        await using var pair = await NodePair.StartAsync(At("localhost"), "Redis:Tls=true", "Redis:CertificatePath=" + _authority.Path);

        await pair.DoEverythingAsync();
    }

    [Fact]
    public async Task With_a_certificate_of_the_nodes_own_that_is_read_again_for_each_connection()
    {
        await using var redis = await StartAsync(asksForCertificate: true, "127.0.0.1");
        var (path, key) = _authority.Issue("node");
        await using var pair = await NodePair.StartAsync(
            At("127.0.0.1") + ",ssl=true", "Redis:CertificatePath=" + _authority.Path,
            "Redis:ClientCertificatePath=" + path, "Redis:ClientCertificateKeyPath=" + key);
        await pair.DoEverythingAsync();

        // As when the one of before has expired: another authority, another certificate, in the same files.
        using var next = new TestAuthority();
        File.Copy(next.Path, _authority.Path, overwrite: true);
        Replace(next.Issue("server", "127.0.0.1"), "server");
        Replace(next.Issue("node"), "node");
        await redis.RestartAsync(keepData: false);

        await pair.A.IsReadyAsync();
        await pair.B.IsReadyAsync();
        await pair.DoEverythingAsync(round: 1);
    }

    [Fact]
    public async Task With_certificate_and_key_in_one_file()
    {
        await using var redis = await StartAsync(asksForCertificate: true, "127.0.0.1");
        var (path, key) = _authority.Issue("node");
        File.AppendAllLines(path, ["", .. File.ReadLines(key)]);
        await using var node = await Node.StartAsync(At("127.0.0.1"), Encrypted("Redis:ClientCertificatePath=" + path));
    }

    [Theory]
    [InlineData("localhost", "127.0.0.1", true, "RemoteCertificateNameMismatch")]
    [InlineData("127.0.0.1", "localhost", true, "RemoteCertificateNameMismatch")]
    [InlineData("127.0.0.1", "127.0.0.1", false, "UntrustedRoot")]
    public async Task A_certificate_for_another_host_or_of_no_trusted_authority_is_refused(
        string host, string certified, bool isTrusted, string reason)
    {
        using var log = new RecordedLog();
        await using var redis = await StartAsync(asksForCertificate: false, certified);
        await using var node = await LaunchAsync(log, At(host), isTrusted ? Encrypted() : ["Redis:Tls=true"]);

        await ToldAsync(log, reason);
        await node.IsNotReadyAsync();
    }

    [Fact]
    public async Task The_name_of_the_certificate_may_be_another_one_where_it_is_written()
    {
        await using var redis = await StartAsync(asksForCertificate: false, "redis.example");
        await using var node = await Node.StartAsync(At("127.0.0.1") + ",sslHost=redis.example", Encrypted());
    }

    [Fact]
    public async Task Without_the_certificate_that_redis_asks_for_the_log_says_that_it_hung_up()
    {
        using var log = new RecordedLog();
        await using var redis = await StartAsync(asksForCertificate: true, "127.0.0.1");
        await using var node = await LaunchAsync(log, At("127.0.0.1"), Encrypted());

        await Eventually.TrueAsync(() => log.Of(Away).Count > 0, "it is told");
        await node.IsNotReadyAsync();
    }

    [Fact]
    public async Task A_cluster_is_encrypted_too()
    {
        // Every node is known by its address, which one name covers.
        var (certificate, key) = _authority.Issue("server", "127.0.0.1");
        await using var cluster = await RedisCluster.StartAsync(tls: (certificate, key, _authority.Path));
        await using var pair = await NodePair.StartAsync(cluster.TlsAddress, Encrypted());

        await pair.DoEverythingAsync();
    }

    public void Dispose() => _authority.Dispose();

    private static async Task ToldAsync(RecordedLog log, string reason)
    {
        await Eventually.TrueAsync(() => log.Of(Away).Count > 0 && log.Of(AwayForNodes).Count > 0, "it is told");
        Assert.Contains(reason, log.Of(Away)[0], StringComparison.Ordinal);
        Assert.Contains(reason, log.Of(AwayForNodes)[0], StringComparison.Ordinal);
    }

    private static Task<GatewayServer> LaunchAsync(RecordedLog log, string address, string[] more) =>
        GatewayServer.StartAsync(Node.Settings(address, more), services => services.AddSingleton<ILoggerProvider>(log));

    private string At(string host) => string.Create(CultureInfo.InvariantCulture, $"{host}:{_port}");

    private string[] Encrypted(params string[] more) => ["Redis:Tls=true", "Redis:CertificatePath=" + _authority.Path, .. more];

    private void Replace((string CertificatePath, string KeyPath) by, string name)
    {
        var (path, key) = _authority.Issue(name);
        File.Copy(by.CertificatePath, path, overwrite: true);
        File.Copy(by.KeyPath, key, overwrite: true);
    }

    private Task<RedisServer> StartAsync(bool asksForCertificate, string host)
    {
        var (certificate, key) = _authority.Issue("server", host);
        return RedisServer.StartAsync(
            persistent: false,
            [
                "--tls-port", _port.ToString(CultureInfo.InvariantCulture), "--tls-cert-file", certificate, "--tls-key-file", key,
                "--tls-ca-cert-file", _authority.Path, "--tls-auth-clients", asksForCertificate ? "yes" : "no",
            ]);
    }
}
