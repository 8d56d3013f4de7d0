using System.Text;
using Gateway.Server.Naming;

namespace Gateway.Tests.Channels;

public sealed class ChannelNameComparerTests
{
    [Fact]
    public void A_dictionary_of_names_is_searched_with_bytes()
    {
        var names = Enumerable.Range(0, 1000).Select(i => new string('x', i % 40) + i).ToList();
        var dictionary = names.ToDictionary(Names.Of, name => name, ChannelNameComparer.Instance);
        var lookup = dictionary.GetAlternateLookup<ReadOnlySpan<byte>>();

        foreach (string name in names)
        {
            Assert.True(lookup.TryGetValue(Encoding.UTF8.GetBytes(name), out string? found));
            Assert.Equal(name, found);
            Assert.Equal(name, dictionary[Names.Of(name)]);
        }
        Assert.False(lookup.ContainsKey("never"u8));
        Assert.False(lookup.ContainsKey(""u8));
    }

    [Theory]
    [InlineData("a", "b")]
    [InlineData("ab", "aa")]
    [InlineData("abc", "abd")]
    [InlineData("abc", "ab")]
    [InlineData("a", "A")]
    [InlineData("é", "e\u0301")]
    public void Names_that_differ_in_one_byte_are_different(string one, string two)
    {
        Assert.False(ChannelNameComparer.Instance.Equals(Names.Of(one), Names.Of(two)));
        Assert.False(ChannelNameComparer.Instance.Equals(Encoding.UTF8.GetBytes(one), Names.Of(two)));
        Assert.NotEqual(Names.Of(one).GetHashCode(), Names.Of(two).GetHashCode());
    }

    [Fact]
    public void Equal_names_are_equal_however_they_are_compared()
    {
        var (one, two) = (Names.Of("chat:é"), Names.Of("chat:é"));

        Assert.True(ChannelNameComparer.Instance.Equals(one, two));
        Assert.True(one.Equals((object)two));
        Assert.Equal(one.GetHashCode(), two.GetHashCode());
        Assert.Equal(one.GetHashCode(), ChannelNameComparer.Instance.GetHashCode("chat:é"u8));
        Assert.Equal("chat:é", one.ToString());
    }
}
