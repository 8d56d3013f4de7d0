using System.Text;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Tests.Channels;

internal static class Names
{
    private static readonly Namespaces Plain = new(new GatewayOptions());

    public static ChannelName Of(string channel) => Of(Plain, channel);

    public static ChannelName Of(Namespaces namespaces, string channel) => namespaces.TryName(Encoding.UTF8.GetBytes(channel), out _)!;
}
