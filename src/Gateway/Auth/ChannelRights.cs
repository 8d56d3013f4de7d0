using System.Text;
using Gateway.Channels;
using Gateway.Options;

namespace Gateway.Auth;

/// <summary>Stateless. Who may do what in a channel. In development mode whoever is let in counts as granted.</summary>
internal static class ChannelRights
{
    /// <summary>Whether the user may subscribe, and so read history and presence.</summary>
    public static bool MaySubscribe(Identity identity, ChannelName channel) => channel.Namespace.IsPersonal
        ? IsOwn(identity, channel)
        : channel.Namespace.Rules.Subscribe != Permission.Nobody;

    public static bool MayPublish(ChannelName channel) => channel.Namespace.Rules.Publish != Permission.Nobody;

    private static bool IsOwn(Identity identity, ChannelName channel) =>
        channel.Utf8["user:"u8.Length..].SequenceEqual(Encoding.UTF8.GetBytes(identity.User));
}
