using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;
using Gateway.TestSupport;

namespace Gateway.Tests.Options;

public sealed class OptionsProblemsTests
{
    [Theory]
    [InlineData("Limits:MessageBytes", "many")]
    [InlineData("Limits:MessageBytes", "1.5")]
    [InlineData("Limits:MessageBytes", "-1")]
    [InlineData("Limits:OutboundBytes", "0")]
    [InlineData("Limits:ChannelsPerConnection", "0")]
    [InlineData("Limits:ChannelName", "99999999999999999999")]
    [InlineData("Limits:Handshake", "30")]
    [InlineData("Limits:MessagesPerSecond", "-1")]
    [InlineData("Limits:MessageBurst", "0")]
    [InlineData("Limits:BytesPerSecond", "1e6")]
    [InlineData("Limits:ByteBurst", "0")]
    [InlineData("Limits:RateAction", "drop")]
    [InlineData("Limits:Connections", "-1")]
    [InlineData("Limits:ConnectionsPerAddress", "some")]
    [InlineData("Limits:ConnectionsPerUser", "0.5")]
    [InlineData("Limits:HandshakesPerSecondPerAddress", "10000000")]
    [InlineData("Limits:SocketsPerAddress", "-1")]
    [InlineData("Limits:IdleHttp", "20")]
    [InlineData("Heartbeat:Ping", "00:00:00")]
    [InlineData("Heartbeat:PongTimeout", "-00:00:10")]
    [InlineData("Drain:Duration", "soon")]
    [InlineData("Compression:Enabled", "on")]
    [InlineData("Compression:Threshold", "-1")]
    [InlineData("Compression:Level", "best")]
    [InlineData("Presence:MaxUsers", "-1")]
    [InlineData("Memory:HistoryBytes", "1")]
    [InlineData("Transport:SendQueues", "0")]
    [InlineData("Transport:Kind", "io_uring")]
    [InlineData("Transport:Loops", "0")]
    [InlineData("Diagnostics:Echo", "yes")]
    [InlineData("Public", "127.0.0.1:8080")]
    [InlineData("Public", "http://example.com:80")]
    [InlineData("Public", "http://127.0.0.1:70000")]
    [InlineData("Internal", "ftp://127.0.0.1:1")]
    [InlineData("Namespaces:chat:History", "-5")]
    [InlineData("Namespaces:chat:HistoryTtl", "5")]
    [InlineData("Namespaces:chat:Presence", "1")]
    [InlineData("Namespaces:chat:Subscribe", "everybody")]
    [InlineData("Namespaces:chat:Publish", "0")]
    [InlineData("Namespaces:default:SlowConsumer", "drop")]
    [InlineData("Namespaces:chat:Compress", "no")]
    public void A_value_that_cannot_be_used_stops_the_start_and_is_named(string key, string value)
    {
        string problem = Assert.Single(Problems($"{key}={value}").Problems);

        Assert.StartsWith($"Gateway:{key}: ", problem, StringComparison.Ordinal);
        Assert.Contains(value, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Development_is_true_or_false() =>
        Assert.Equal("Gateway:Development: 'yes' must be true or false", Assert.Single(Problems("Development=yes", Settings.Key).Problems));

    [Fact]
    public void All_problems_are_in_one_message()
    {
        var problems = Problems(
            "Limits:MessageBytes=x", "Heartbeat:Ping=y", "Namespaces:a:Publish=z", "Namespaces:b:History=-1", "Diagnostics:Echo=no");

        Assert.Equal(5, problems.Problems.Count);
        foreach (string key in new[]
        {
            "Limits:MessageBytes", "Heartbeat:Ping", "Namespaces:a:Publish", "Namespaces:b:History", "Diagnostics:Echo",
        })
            Assert.Contains($"Gateway:{key}: ", problems.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("http://0.0.0.0:8080")]
    [InlineData("http://*:8080")]
    [InlineData("http://[::]:8080")]
    [InlineData("http://192.0.2.7:8080")]
    public void A_public_address_open_to_the_network_is_refused_in_development_mode(string address) =>
        Assert.StartsWith(
            "Gateway:Development: is for this machine alone, but Gateway:Public is ",
            Assert.Single(Problems($"Public={address}", "Internal=http://127.0.0.1:9").Problems), StringComparison.Ordinal);

    [Theory]
    [InlineData("http://localhost:8080")]
    [InlineData("http://127.0.0.1")]
    [InlineData("http://[::1]:8080/")]
    public void Loopback_addresses_are_fine(string address) =>
        Assert.True(GatewayOptionsReader.Read(Settings.Of($"Public={address}")).Public!.IsLoopback);

    [Theory]
    [InlineData("http://127.0.0.1:7000", "http://127.0.0.1:7000")]
    [InlineData("http://127.0.0.1:7000", "http://localhost:7000")]
    [InlineData("http://127.0.0.1:7000", "http://0.0.0.0:7000")]
    [InlineData("http://127.0.0.1:7000", "http://*:7000")]
    [InlineData("http://127.0.0.1:8081", "")]
    public void The_internal_port_must_not_be_the_public_one(string open, string closed) =>
        Assert.Contains(
            "must not be the public port",
            Assert.Single(Problems("Development=false", Settings.Key, $"Public={open}", $"Internal={closed}").Problems),
            StringComparison.Ordinal);

    [Theory]
    [InlineData("http://127.0.0.1:0", "http://127.0.0.1:0")]
    [InlineData("http://127.0.0.1:7000", "http://127.0.0.2:7000")]
    public void Ports_that_cannot_meet_are_fine(string open, string closed) =>
        Assert.Empty(GatewayOptionsReader.Read(Settings.Of($"Public={open}", $"Internal={closed}")).Warnings);

    [Theory]
    [InlineData("Public: https://127.0.0.1:8443 needs Gateway:Certificate:Path", "Public=https://127.0.0.1:8443")]
    [InlineData("Certificate:Path: is set, but Gateway:Public is http://127.0.0.1:8080 and not https", "Certificate:Path=a.pfx")]
    [InlineData("Certificate:Path: is missing, but there is a password or a key for it", "Certificate:Password=secret")]
    [InlineData("Certificate:Path: is missing, but there is a password or a key for it", "Certificate:KeyPath=a.key")]
    [InlineData(
        "Certificate:Path: Could not find a part of the path '/nowhere/a.pfx'.",
        "Public=https://127.0.0.1:8443",
        "Certificate:Path=/nowhere/a.pfx",
        "Certificate:Password=secret")]
    [InlineData("Internal: https is served on the public port only", "Internal=https://127.0.0.1:8443")]
    public void Https_and_its_certificate_go_together(string problem, params string[] settings) =>
        Assert.Equal("Gateway:" + problem, Assert.Single(Problems(settings).Problems));

    [Fact]
    public void Event_loops_that_were_asked_for_are_refused_where_they_cannot_serve()
    {
        using var certificate = new TestCertificate();
        Assert.Equal(
            "Gateway:Transport:Kind: epoll cannot serve, because Gateway:Proxy:Protocol is set: leave it out, and Kestrel's sockets " +
            "serve there",
            Problem("Proxy:Protocol=true"));
        Assert.Contains("because Gateway:Public is https://127.0.0.1:0:", Problem(certificate.Pem), StringComparison.Ordinal);
        var withoutPorts = new GatewayOptions { Public = null, Internal = null };
        var embedded = Assert.Throws<OptionsProblemsException>(
            () => GatewayOptionsReader.Read(Settings.WithKey("Transport:Kind=epoll"), withoutPorts));
        Assert.Contains("because Gateway:Public is not set:", Assert.Single(embedded.Problems), StringComparison.Ordinal);

        static string Problem(params string[] settings) =>
            Assert.Single(Problems([Settings.Key, "Development=false", "Transport:Kind=epoll", .. settings]).Problems);
    }

    [Theory]
    [InlineData("Proxy:Protocol=perhaps", "Proxy:Protocol: 'perhaps'")]
    [InlineData("Proxy:Trusted:1=proxy.example.com", "Proxy:Trusted: 'proxy.example.com'")]
    [InlineData("Proxy:Trusted=10.0.0.0/8,10.0.0.0/33", "Proxy:Trusted: '10.0.0.0/33'")]
    public void A_proxy_that_cannot_be_meant_is_refused(string setting, string problem) =>
        Assert.StartsWith(
            "Gateway:" + problem, Assert.Single(Problems("Development=false", Settings.Key, setting).Problems), StringComparison.Ordinal);

    private static OptionsProblemsException Problems(params string[] settings) =>
        Assert.Throws<OptionsProblemsException>(() => GatewayOptionsReader.Read(Settings.Of(settings)));
}
