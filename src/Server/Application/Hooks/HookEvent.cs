using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Naming;
using Gateway.Server.Options;

namespace Gateway.Server.Application.Hooks;

/// <summary>
/// An event that the backend is to hear of. It holds references to what is there anyway, and becomes text when it is delivered. Immutable.
/// </summary>
/// <param name="Number">1, 2, 3 … on this node: a gap says that some were dropped.</param>
/// <param name="Type">What happened.</param>
/// <param name="Time">When it happened, in Unix milliseconds.</param>
/// <param name="Connection">The connection's id; null where the event is about a channel or a user on all nodes.</param>
/// <param name="User">The user behind the connection.</param>
/// <param name="Channel">The channel; null where the event is about the connection alone.</param>
/// <param name="Code">The code of the close frame; 0 where nothing was closed.</param>
/// <param name="Change">What happened to a channel or a user on all nodes taken together; null where the event is about a
/// connection.</param>
internal readonly record struct HookEvent(
    long Number, HookEvents Type, long Time, string? Connection, string? User, ChannelName? Channel, int Code,
    OccupancyChange? Change = null);
