using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Tests.Channels;

public sealed class NamespacesTests
{
    private static readonly Namespaces Configured = new(new GatewayOptions
    {
        DefaultNamespace = new NamespaceOptions { History = 1 },
        Namespaces = new Dictionary<string, NamespaceOptions>
        {
            ["chat"] = new() { History = 2, Presence = true },
            ["日本"] = new() { History = 3 },
            ["user"] = new() { History = 4, Publish = AccessPolicy.Anyone },
            [new string('n', 100)] = new() { History = 5 },
        },
    });

    [Theory]
    [InlineData("lobby", "default")]
    [InlineData("chat", "default")]
    [InlineData("chat:", "chat")]
    [InlineData("chat:room-7", "chat")]
    [InlineData("chat:a:b", "chat")]
    [InlineData("Chat:a", "default")]
    [InlineData("chatter:a", "default")]
    [InlineData("unknown:chat:a", "default")]
    [InlineData(":chat", "default")]
    [InlineData("日本:東京", "日本")]
    [InlineData("user:ann", "user")]
    [InlineData("users:ann", "default")]
    public void The_namespace_is_the_text_before_the_first_colon(string channel, string expected) =>
        Assert.Equal(expected, Names.Of(Configured, channel).Namespace.Name);

    [Fact]
    public void All_channels_of_a_namespace_share_its_one_object() =>
        Assert.Same(Names.Of(Configured, "chat:a").Namespace, Names.Of(Configured, "chat:b").Namespace);

    [Fact]
    public void Personal_channels_follow_their_namespace_except_that_no_client_publishes()
    {
        var personal = Names.Of(Configured, "user:ann").Namespace;

        Assert.True(personal.IsPersonal);
        Assert.Equal(4, personal.Rules.History);
        Assert.Equal(AccessPolicy.Nobody, personal.Rules.Publish);
    }

    [Fact]
    public void Personal_channels_that_nobody_configured_follow_the_default()
    {
        var personal = Names.Of(
            new Namespaces(new GatewayOptions { DefaultNamespace = new NamespaceOptions { History = 9 } }), "user:ann").Namespace;

        Assert.Equal((true, 9, AccessPolicy.Nobody), (personal.IsPersonal, personal.Rules.History, personal.Rules.Publish));
    }

    [Theory]
    [InlineData(100, 5)]
    [InlineData(101, 1)]
    [InlineData(254, 1)]
    public void Long_namespace_names_are_looked_up_like_short_ones(int length, int history) =>
        Assert.Equal(history, Names.Of(Configured, new string('n', length) + ":").Namespace.Rules.History);

    [Fact]
    public void A_name_much_longer_than_usual_is_fine_where_it_is_configured()
    {
        var namespaces = new Namespaces(new GatewayOptions
        {
            Limits = new LimitsOptions { ChannelName = 4096 },
            Namespaces = new Dictionary<string, NamespaceOptions> { ["n"] = new() },
        });

        Assert.Equal("default", Names.Of(namespaces, new string('é', 2000) + ":").Namespace.Name);
        Assert.Null(namespaces.TryName(new byte[4097], out string problem));
        Assert.Contains("4096", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new byte[0])]
    [InlineData(new byte[] { (byte)'a', 0 })]
    [InlineData(new byte[] { (byte)' ' })]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    public void An_invalid_name_is_refused_with_a_reason(byte[] name)
    {
        Assert.Null(Configured.TryName(name, out string problem));
        Assert.NotEmpty(problem);
    }
}
