using System.Text;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Auth;

/// <summary>
/// Who may do what in a channel: its namespace's rules, then the token's capabilities. Stateless. Nothing about the channel itself is
/// looked at, so a denial tells nothing of it.
/// </summary>
internal static class ChannelRights
{
    /// <param name="identity">Who asks.</param>
    /// <param name="channel">Where.</param>
    /// <param name="right">One of them.</param>
    public static bool IsAllowed(Identity identity, ChannelName channel, ChannelOperations right)
    {
        if (channel.Namespace.IsPersonal)
            return right != ChannelOperations.Publish && IsOwn(identity, channel);
        var rules = channel.Namespace.Rules;
        return (right == ChannelOperations.Publish ? rules.Publish : rules.Subscribe) switch
        {
            AccessPolicy.Anyone => true,
            AccessPolicy.SignedIn => identity.IsSignedIn,
            AccessPolicy.Granted => identity.Capabilities.Grant(channel.Utf8, right),
            _ => false,
        };
    }

    /// <summary>Whether a subscription token can let somebody in.</summary>
    public static bool IsGrantable(ChannelName channel) =>
        !channel.Namespace.IsPersonal && channel.Namespace.Rules.Subscribe == AccessPolicy.Granted;

    private static bool IsOwn(Identity identity, ChannelName channel) =>
        channel.Utf8["user:"u8.Length..].SequenceEqual(Encoding.UTF8.GetBytes(identity.User));
}
