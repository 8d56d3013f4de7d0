using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>Immutable. What a client that cannot send asks for as it connects.</summary>
internal sealed class InitialSubscriptions
{
    /// <summary>Of no stream: whoever asks to recover from it learns that it cannot be done.</summary>
    private static readonly Position Nowhere = new("", 0);

    /// <summary>Null where what the client said cannot be read.</summary>
    private readonly ChannelPositions? _positions;

    /// <param name="channels">The channels it names.</param>
    /// <param name="lastPositions">What it says about where it had come to; null or empty when it was not here before.</param>
    public InitialSubscriptions(IEnumerable<string> channels, string? lastPositions)
        : this(channels, string.IsNullOrEmpty(lastPositions) ? new ChannelPositions() : ChannelPositions.TryParse(lastPositions))
    {
    }

    private InitialSubscriptions(IEnumerable<string> channels, ChannelPositions? positions)
    {
        Channels = [.. channels.Distinct(StringComparer.Ordinal)];
        _positions = positions;
    }

    /// <summary>What to subscribe to.</summary>
    public IReadOnlyList<string> Channels { get; }

    /// <summary>The same with what the token lists, which comes first.</summary>
    public InitialSubscriptions For(Identity identity) =>
        identity.Subscriptions.Count == 0 ? this : new(identity.Subscriptions.Concat(Channels), _positions);

    /// <summary>From where to recover a channel; null for from now on.</summary>
    public Position? PositionOf(ReadOnlySpan<byte> channel) => _positions is null ? Nowhere : _positions.Find(channel);

    /// <summary>The positions of the channels that are asked for.</summary>
    public ChannelPositions Positions()
    {
        var positions = new ChannelPositions();
        foreach (string channel in Channels)
        {
            byte[] utf8 = Encoding.UTF8.GetBytes(channel);
            if (_positions?.Find(utf8) is { } position)
                positions.Set(utf8, position);
        }
        return positions;
    }

    /// <summary>
    /// Why there is nothing to open; null where at least one channel may be subscribed to. The others are told of by errors on the stream.
    /// </summary>
    public UpgradeRefusal? Refuse(Identity identity, Namespaces namespaces, int maxChannels)
    {
        maxChannels = Math.Min(maxChannels, ChannelPositions.MaxChannels);
        if (Channels.Count == 0)
            return new UpgradeRefusal(400, ErrorCode.BadRequest, "name at least one channel: /sse?channel=news");
        if (Channels.Count > maxChannels)
            return new UpgradeRefusal(400, ErrorCode.LimitExceeded, $"at most {maxChannels} channels per stream");
        UpgradeRefusal? refusal = null;
        foreach (string channel in Channels)
        {
            if (namespaces.TryName(Encoding.UTF8.GetBytes(channel), out string problem) is not { } name)
                refusal ??= new UpgradeRefusal(400, ErrorCode.BadRequest, problem);
            else if (ChannelRights.IsAllowed(identity, name, ChannelOperations.Subscribe))
                return null;
            else
                refusal = new UpgradeRefusal(403, SessionError.Forbidden.Code, SessionError.Forbidden.Message);
        }
        return refusal;
    }
}
