using System.Net;
using Gateway.Server.Admission;

namespace Gateway.Tests.Http;

/// <summary>The proxies whose <c>X-Forwarded-For</c> is trusted, and the number of its hops that are.</summary>
public sealed class ClientAddressesTests
{
    private static readonly ClientAddresses Trusting = new(new()
    {
        Proxy = new() { Trusted = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("2001:db8:ff::/48"), IPNetwork.Parse("192.0.2.200/32")] },
    });

    [Theory]
    [InlineData("198.51.100.1", "1.2.3.4", "198.51.100.1")] // Anybody can send the header.
    [InlineData("10.0.0.1", null, "10.0.0.1")]
    [InlineData("10.0.0.1", "", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1")] // Written by the client, in the hope to be somebody else.
    [InlineData("10.0.0.1", "1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1")]
    [InlineData("10.0.0.1", "1.2.3.4,198.51.100.1 ,192.0.2.200,10.0.0.2", "198.51.100.1")]
    [InlineData("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3")]
    [InlineData("10.0.0.1", "198.51.100.1:5060", "198.51.100.1")]
    [InlineData("10.0.0.1", "[2001:db8::1]:5060", "2001:db8::1")]
    [InlineData("10.0.0.1", "2001:db8::1", "2001:db8::1")]
    [InlineData("10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1")]
    [InlineData("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1")]
    [InlineData("2001:db8:ff:1::1", "198.51.100.1", "198.51.100.1")]
    [InlineData("10.0.0.1", "198.51.100.1, unknown", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100.1, _hidden, 10.0.0.2", "10.0.0.2")]
    [InlineData("10.0.0.1", "198.51.100.1,", "10.0.0.1")]
    [InlineData("10.0.0.1", "7", "10.0.0.1")]
    [InlineData("10.0.0.1", "198.51.100", "10.0.0.1")]
    public void The_rightmost_address_that_is_no_trusted_proxy_is_the_clients(string peer, string? header, string client) =>
        Assert.Equal(client, Trusting.Of(new IPEndPoint(IPAddress.Parse(peer), 1), header).ToString());

    [Fact]
    public void Without_trusted_proxies_the_header_means_nothing() =>
        Assert.Equal("10.0.0.1", new ClientAddresses(new()).Of(new IPEndPoint(IPAddress.Parse("10.0.0.1"), 1), "198.51.100.1").ToString());
}
