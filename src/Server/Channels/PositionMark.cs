using Gateway.Server.Backplane;
using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>What a frame other than a channel's message does to a position that its client would recover from. Immutable.</summary>
/// <param name="Channel">The channel whose position changes.</param>
/// <param name="Change">How it changes.</param>
/// <param name="Position">The new position; without an epoch where the position only moves on.</param>
internal sealed record PositionMark(ChannelName Channel, PositionChange Change, Position Position);
