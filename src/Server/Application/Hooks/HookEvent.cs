using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// Immutable. Something that happened here. It holds references that are there anyway and becomes text when it is delivered.
/// </summary>
/// <param name="Number">1, 2, 3 … on this node: a gap says that some were dropped.</param>
/// <param name="Type">What happened.</param>
/// <param name="Time">When, in Unix milliseconds.</param>
/// <param name="Connection">Whose id; null where it is about a channel or a user on all nodes.</param>
/// <param name="User">The user behind the connection.</param>
/// <param name="Channel">In which channel; null where it is about a connection alone.</param>
/// <param name="Code">Of the close frame; 0 where nothing was closed.</param>
/// <param name="Change">What happened to a channel or a user on all nodes taken together; null where it is about a connection.</param>
internal readonly record struct HookEvent(
    long Number, HookEvents Type, long Time, string? Connection, string? User, ChannelName? Channel, int Code,
    OccupancyChange? Change = null);
