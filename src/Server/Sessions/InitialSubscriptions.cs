using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Auth;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>The subscriptions that a client which cannot send asks for as it connects. Immutable.</summary>
internal sealed class InitialSubscriptions
{
    /// <summary>A position of no stream: recovering from it fails, and the client is told so.</summary>
    private static readonly Position None = new("", 0);

    /// <summary>The client's positions; null where they cannot be read.</summary>
    private readonly ChannelPositions? _positions;

    /// <param name="channels">The channels that the client names.</param>
    /// <param name="lastPositions">The positions that it had, as text; null or empty when it was not here before.</param>
    public InitialSubscriptions(IEnumerable<string> channels, string? lastPositions)
        : this(channels, string.IsNullOrEmpty(lastPositions) ? new ChannelPositions() : ChannelPositions.TryParse(lastPositions))
    {
    }

    private InitialSubscriptions(IEnumerable<string> channels, ChannelPositions? positions)
    {
        Channels = [.. channels.Distinct(StringComparer.Ordinal)];
        _positions = positions;
    }

    /// <summary>The channels to subscribe to.</summary>
    public IReadOnlyList<string> Channels { get; }

    /// <summary>Adds the channels that the client's token lists, which come first.</summary>
    public InitialSubscriptions For(Identity identity) =>
        identity.Subscriptions.Count == 0 ? this : new(identity.Subscriptions.Concat(Channels), _positions);

    /// <summary>The position from which to recover a channel; null for from now on.</summary>
    public Position? PositionOf(ReadOnlySpan<byte> channel) => _positions is null ? None : _positions.Find(channel);

    /// <summary>The client's positions in the channels that it asks for.</summary>
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
    /// Says why there is nothing to subscribe to; null where at least one channel is allowed. The client hears of the others by errors on
    /// its stream.
    /// </summary>
    public HandshakeRefusal? Refuse(Identity identity, Namespaces namespaces, int maxChannels)
    {
        maxChannels = Math.Min(maxChannels, ChannelPositions.MaxChannels);
        if (Channels.Count == 0)
            return new HandshakeRefusal(400, ErrorCode.BadRequest, "name at least one channel: /sse?channel=news");
        if (Channels.Count > maxChannels)
            return new HandshakeRefusal(400, ErrorCode.LimitExceeded, $"at most {maxChannels} channels per stream");
        HandshakeRefusal? refusal = null;
        foreach (string channel in Channels)
        {
            if (namespaces.TryName(Encoding.UTF8.GetBytes(channel), out string problem) is not { } name)
                refusal ??= new HandshakeRefusal(400, ErrorCode.BadRequest, problem);
            else if (ChannelRights.IsAllowed(identity, name, ChannelOperations.Subscribe))
                return null;
            else
                refusal = new HandshakeRefusal(403, SessionError.Forbidden.Code, SessionError.Forbidden.Message);
        }
        return refusal;
    }
}
