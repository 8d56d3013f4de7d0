using System.Text;
using Gateway.Server.Hosting.Settings;
using Gateway.Server.Options;
using Microsoft.Extensions.Configuration;

namespace Gateway.Tests.Options;

public sealed class GatewayOptionsTests
{
    public static TheoryData<string, string, Func<object, object>> Keys => new()
    {
        { "Development", "True", options => Of(options).Development },
        { "Public", "http://127.0.0.2:9000", options => Of(options).Public!.ToString() },
        { "Internal", "http://127.0.0.2:9001", options => Of(options).Internal!.ToString() },
        { "Node", "edge-7", options => Of(options).Node },
        { "Limits:MessageBytes", "1234", options => Of(options).Limits.MessageBytes },
        { "Limits:OutboundBytes", "2345", options => Of(options).Limits.OutboundBytes },
        { "Limits:ChannelsPerConnection", "7", options => Of(options).Limits.ChannelsPerConnection },
        { "Limits:ChannelName", "77", options => Of(options).Limits.ChannelName },
        { "Limits:Handshake", "00:00:03", options => Of(options).Limits.Handshake },
        { "Limits:MessagesPerSecond", "11", options => Of(options).Limits.MessagesPerSecond },
        { "Limits:MessageBurst", "12", options => Of(options).Limits.MessageBurst },
        { "Limits:BytesPerSecond", "13", options => Of(options).Limits.BytesPerSecond },
        { "Limits:ByteBurst", "140000", options => Of(options).Limits.ByteBurst },
        { "Limits:RateAction", "Delay", options => Of(options).Limits.RateAction },
        { "Limits:Connections", "15", options => Of(options).Limits.Connections },
        { "Limits:ConnectionsPerAddress", "16", options => Of(options).Limits.ConnectionsPerAddress },
        { "Limits:ConnectionsPerUser", "17", options => Of(options).Limits.ConnectionsPerUser },
        { "Limits:HandshakesPerSecondPerAddress", "18", options => Of(options).Limits.HandshakesPerSecondPerAddress },
        { "Limits:SocketsPerAddress", "19", options => Of(options).Limits.SocketsPerAddress },
        { "Limits:IdleHttp", "00:00:21", options => Of(options).Limits.IdleHttp },
        { "Proxy:Protocol", "True", options => Of(options).Proxy.Protocol },
        { "Proxy:Trusted:0", "10.0.0.0/8", options => Of(options).Proxy.Trusted.Append(default).First() },
        { "Proxy:Trusted", "10.1.2.3/32", options => Of(options).Proxy.Trusted.Append(default).First() },
        { "Heartbeat:Ping", "00:00:04", options => Of(options).Heartbeat.Ping },
        { "Heartbeat:PongTimeout", "00:00:05", options => Of(options).Heartbeat.PongTimeout },
        { "Compression:Enabled", "False", options => Of(options).Compression.Enabled },
        { "Compression:Threshold", "513", options => Of(options).Compression.Threshold },
        { "Compression:Level", "Optimal", options => Of(options).Compression.Level },
        { "Presence:MaxUsers", "6", options => Of(options).Presence.MaxUsers },
        { "Auth:Secret", "0123456789abcdef0123456789abcdef", options => Encoding.UTF8.GetString(Of(options).Auth.Secret ?? []) },
        { "Auth:Jwks", "https://example.com/jwks", options => Of(options).Auth.Jwks ?? "" },
        { "Auth:Issuer", "https://example.com", options => Of(options).Auth.Issuer ?? "" },
        { "Auth:Audience", "gateway", options => Of(options).Auth.Audience ?? "" },
        { "Auth:Timeout", "00:00:08", options => Of(options).Auth.Timeout },
        { "Origins", "https://example.com", options => string.Join(' ', Of(options).Origins) },
        { "Origins:0", "https://example.com", options => string.Join(' ', Of(options).Origins) },
        { "Api:Keys", "one; two", options => string.Join("; ", Of(options).Api.Keys) },
        { "Api:Keys:0", "one", options => string.Join("; ", Of(options).Api.Keys) },
        { "Api:BodyBytes", "5000", options => Of(options).Api.BodyBytes },
        { "Drain:Duration", "00:00:07", options => Of(options).DrainDuration },
        { "Memory:HistoryBytes", "2000000", options => Of(options).HistoryBytes },
        { "Transport:SendQueues", "3", options => Of(options).SendQueues },
        { "Transport:Kind", "Sockets", options => Of(options).Transport },
        { "Transport:Loops", "3", options => Of(options).Loops },
        { "Diagnostics:Echo", "True", options => Of(options).Echo },
        { "Namespaces:default:History", "8", options => Of(options).DefaultNamespace.History },
        { "Namespaces:chat:History", "9", options => Of(options).Namespaces["chat"].History },
        { "Namespaces:chat:HistoryTtl", "00:00:09", options => Of(options).Namespaces["chat"].HistoryTtl },
        { "Namespaces:chat:Presence", "True", options => Of(options).Namespaces["chat"].Presence },
        { "Namespaces:chat:Subscribe", "Anyone", options => Of(options).Namespaces["chat"].Subscribe },
        { "Namespaces:chat:Publish", "Nobody", options => Of(options).Namespaces["chat"].Publish },
        { "Namespaces:chat:SlowConsumer", "Latest", options => Of(options).Namespaces["chat"].SlowConsumer },
        { "Namespaces:chat:Compress", "False", options => Of(options).Namespaces["chat"].Compress },
    };

    [Theory]
    [MemberData(nameof(Keys))]
    public void Every_key_binds_from_the_command_line_and_the_environment(string key, string value, Func<object, object> read)
    {
        // Development mode refuses some of the settings.
        var commandLine = Settings.WithKey($"{key}={value}");
        // All tests share the process's environment; a prefix of its own keeps this test out of the others' way.
        string variable = $"T{Guid.NewGuid():N}__Gateway__{key.Replace(":", "__", StringComparison.Ordinal)}";
        Environment.SetEnvironmentVariable(variable, value);
        var environment = new ConfigurationBuilder().AddConfiguration(Settings.WithKey())
            .AddEnvironmentVariables(variable[..variable.IndexOf("Gateway", StringComparison.Ordinal)]).Build();
        Environment.SetEnvironmentVariable(variable, null);

        foreach (var configuration in new[] { commandLine, environment })
        {
            var options = GatewayOptionsReader.Read(configuration);
            Assert.Equal(value, read(options).ToString());
            Assert.Empty(options.Warnings);
        }
        Assert.NotEqual(value, read(GatewayOptionsReader.Read(Settings.WithKey("Namespaces:chat:HistoryTtl=00:10:00"))).ToString());
    }

    [Fact]
    public void A_full_bucket_of_bytes_always_pays_for_the_largest_message() =>
        Assert.Equal(5_000_000, With("Limits:MessageBytes=5000000").Limits.ByteBurst);

    [Fact]
    public void Without_any_key_the_defaults_of_the_contract_hold()
    {
        var options = With();

        Assert.Equal(("http://127.0.0.1:8080", "http://127.0.0.1:8081"), (options.Public!.ToString(), options.Internal!.ToString()));
        var limits = new LimitsOptions
        {
            MessageBytes = 65_536,
            OutboundBytes = 1_048_576,
            ChannelsPerConnection = 128,
            ChannelName = 255,
            Handshake = TimeSpan.FromSeconds(10),
        };
        Assert.Equal(limits, options.Limits);
        Assert.Equal((20_000, 500, 100, 100, 1_000), Counts(options.Limits));
        Assert.Equal(TimeSpan.FromSeconds(20), options.Limits.IdleHttp);
        Assert.Equal(new HeartbeatOptions { Ping = TimeSpan.FromSeconds(25), PongTimeout = TimeSpan.FromSeconds(10) }, options.Heartbeat);
        Assert.Equal(
            new CompressionOptions { Enabled = true, Threshold = 512, Level = CompressionLevel.Fastest }, options.Compression);
        Assert.Equal((200, TimeSpan.FromSeconds(30), false), (options.Presence.MaxUsers, options.DrainDuration, options.Echo));
        Assert.Equal(new NamespaceOptions
        {
            History = 0,
            HistoryTtl = TimeSpan.FromMinutes(5),
            Presence = false,
            Subscribe = AccessPolicy.Granted,
            Publish = AccessPolicy.Granted,
            SlowConsumer = SlowConsumerPolicy.Disconnect,
            Compress = true,
        }, options.DefaultNamespace);
        Assert.Equal(["demo"], options.Namespaces.Keys);
    }

    [Fact]
    public void In_development_mode_the_demo_has_history_and_presence_by_default()
    {
        var demo = new NamespaceOptions { History = 50, HistoryTtl = TimeSpan.FromHours(1), Presence = true };
        string key = "Auth:Secret=" + new string('s', AuthOptions.MinSecretBytes);

        Assert.Equal(demo, With().Namespaces["demo"]);
        Assert.Equal(demo with { History = 7 }, With("Namespaces:demo:History=7").Namespaces["demo"]);
        Assert.Empty(With(key).Namespaces);
        Assert.Equal(new NamespaceOptions { History = 7 }, With(key, "Namespaces:demo:History=7").Namespaces["demo"]);
    }

    [Fact]
    public void Zero_is_no_limit()
    {
        var options = With(
            "Limits:Connections=0", "Limits:ConnectionsPerAddress=0", "Limits:ConnectionsPerUser=0",
            "Limits:HandshakesPerSecondPerAddress=0",
            "Limits:SocketsPerAddress=0");

        Assert.Equal((0, 0, 0, 0, 0), Counts(options.Limits));
    }

    [Fact]
    public void A_setting_that_a_namespace_lacks_comes_from_the_default()
    {
        var options = With(
            "Namespaces:default:History=10", "Namespaces:default:HistoryTtl=00:00:30", "Namespaces:default:Presence=true",
            "Namespaces:default:Subscribe=anyone", "Namespaces:default:Publish=nobody", "Namespaces:default:SlowConsumer=latest",
            "Namespaces:chat:History=0", "Namespaces:chat:Publish=signed-in", "Namespaces:chat:SlowConsumer=drop-oldest");

        Assert.Equal(
            options.DefaultNamespace with { History = 0, Publish = AccessPolicy.SignedIn, SlowConsumer = SlowConsumerPolicy.DropOldest },
            options.Namespaces["chat"]);
        Assert.DoesNotContain("default", options.Namespaces.Keys);
    }

    [Fact]
    public void An_empty_value_is_the_same_as_none() => Assert.Equal(65_536, With("Limits:MessageBytes=", "Node= ").Limits.MessageBytes);

    [Fact]
    public void Nodes_without_a_name_get_different_ones() => Assert.NotEqual(With().Node, With().Node);

    [Fact]
    public void Keys_that_mean_nothing_are_listed_and_those_of_the_contract_are_not()
    {
        var options = With(
            "Limits:MesageBytes=1", "Namespaces:chat:Histroy=1", "Limits:MessagesPerSecond=5", "Auth:Timeout=00:00:01",
            "Presence:TimeToLive=00:01:00");

        Assert.Equal(
            [
                "Gateway:Limits:MesageBytes is set but means nothing here; the nearest is Gateway:Limits:MessageBytes",
                "Gateway:Namespaces:chat:Histroy is set but means nothing here; the nearest is Gateway:Namespaces:chat:History",
            ],
            options.Warnings);
    }

    private static (int, int, int, int, int) Counts(LimitsOptions limits) =>
        (limits.Connections, limits.ConnectionsPerAddress, limits.ConnectionsPerUser, limits.HandshakesPerSecondPerAddress,
         limits.SocketsPerAddress);

    private static GatewayOptions Of(object options) => (GatewayOptions)options;

    private static GatewayOptions With(params string[] settings) => GatewayOptionsReader.Read(Settings.Of(settings));
}
