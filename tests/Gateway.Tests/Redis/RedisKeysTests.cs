using System.Text;
using Gateway.Server.Backplane.Redis;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Tests.Redis;

/// <summary>The names in Redis, over names of channels that are all made of what could be mistaken for something else.</summary>
public sealed class RedisKeysTests
{
    private const string Letters = "{}():_-kmhx";

    private readonly Namespaces _namespaces = new(new GatewayOptions());
    private readonly Random _random = new(13);

    [Fact]
    public void No_two_channels_share_a_name()
    {
        var owners = new Dictionary<string, string>();
        for (int i = 0; i < 50_000; i++)
        {
            string channel = Any(maxLength: 6);
            var keys = Of(channel);
            foreach (var (kind, name) in Named(keys))
                Own(name, $"{kind} of {channel}");
        }
        Assert.True(owners.Count > 50_000);

        void Own(byte[] name, string owner)
        {
            string text = Encoding.UTF8.GetString(name);
            Assert.True(owners.TryAdd(text, owner) || owners[text] == owner, $"{owner} and {owners[text]} are both {text}");
        }
    }

    [Fact]
    public void All_of_a_channel_has_one_hash_tag_of_its_own()
    {
        var channels = new Dictionary<string, string>();
        for (int i = 0; i < 20_000; i++)
        {
            string channel = Any(maxLength: 6);
            var keys = Of(channel);
            string tag = Assert.Single(Named(keys).Select(named => HashTag(named.Name)).Distinct());
            Assert.NotEqual("", tag);
            Assert.True(channels.TryAdd(tag, channel) || channels[tag] == channel,
                $"{channel} and {channels[tag]} both have the tag {tag}");
        }
    }

    [Theory]
    [InlineData("chat:7", "gateway:m:{chat:7}")]
    [InlineData("größe/{7}", "gateway:m:{größe/{(7{)}")]
    [InlineData("}x}", "gateway:m:{{)x{)}")]
    [InlineData("_}}x", "gateway:m:{_{){)x}")]
    public void The_name_can_be_read(string channel, string meta) => Assert.Equal(meta, Encoding.UTF8.GetString(Of(channel).Meta));

    private static (string Kind, byte[] Name)[] Named(RedisKeys keys) =>
    [
        ("flow", keys.Flow), ("meta", keys.Meta), ("stream", keys.Stream), ("users", keys.Users), ("nodes", keys.Nodes),
        ("expiry", keys.Expiry),
        ("results", keys.Results), ("older results", keys.OlderResults),
    ];

    /// <summary>
    /// The part of a key that is hashed, by the cluster specification: between the first opening brace and the first closing one behind it,
    /// if anything is there.
    /// </summary>
    private static string HashTag(byte[] name)
    {
        string text = Encoding.UTF8.GetString(name);
        int open = text.IndexOf('{', StringComparison.Ordinal);
        int close = text.IndexOf('}', open + 1);
        return close > open + 1 ? text[(open + 1)..close] : "";
    }

    private RedisKeys Of(string channel) => new("gateway", _namespaces.TryName(Encoding.UTF8.GetBytes(channel), out _)!);

    private string Any(int maxLength) =>
        new([.. Enumerable.Range(0, _random.Next(1, maxLength + 1)).Select(_ => Letters[_random.Next(Letters.Length)])]);
}
