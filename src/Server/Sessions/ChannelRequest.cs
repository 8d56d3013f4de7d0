using Gateway.Protocol.Messages;
using Gateway.Server.Naming;

namespace Gateway.Server.Sessions;

/// <summary>
/// A request that concerns one channel and may have to wait for its turn, or for the backplane. A dialect makes it of what it has read, and
/// <see cref="ChannelSession.Do"/> does it once.
/// </summary>
internal abstract class ChannelRequest
{
    /// <summary>
    /// A request is begun within this. With the time of one call to the backplane its answer still comes within the protocol's 5 s.
    /// </summary>
    public const long TurnMilliseconds = 2_500;

    /// <summary>The request's id, which the answer returns as it is; empty for none.</summary>
    public byte[] Id { get; init; } = [];

    /// <summary>The channel; set when its name is known to be one.</summary>
    public ChannelName Channel { get; set; } = null!;

    /// <summary>When the request was read, in <see cref="ChannelSession.Milliseconds"/>.</summary>
    public long Asked { get; set; }

    /// <summary>The memory that the answer may take, as <see cref="PendingRequests"/> bounds it.</summary>
    public abstract int Cost { get; }

    /// <summary>The memory that the client's own bytes take while the request waits for its turn.</summary>
    public virtual int HeldBytes => Id.Length;

    /// <summary>Begins the request, in its channel's turn.</summary>
    /// <returns>Completes when the client may send more.</returns>
    public virtual ValueTask BeginAsync(ChannelSession session)
    {
        session.Begin(this);
        return session.WaitForCapacityAsync();
    }

    /// <summary>Does the request and answers it.</summary>
    public abstract ValueTask RunAsync(ChannelSession session);

    /// <summary>Does the request after it has waited for others. Where that took too long, the client is told so in time instead.</summary>
    public virtual ValueTask RunInTurnAsync(ChannelSession session)
    {
        // The read loop handles nothing more of a connection that is closing, either.
        if (session.Connection.IsClosing)
            return default;
        if (session.Milliseconds - Asked <= TurnMilliseconds)
            return RunAsync(session);
        session.Refuse(SessionError.Unavailable, Id, Channel.Utf8);
        return default;
    }

    /// <summary>The answer to a request that names no channel at all.</summary>
    /// <param name="problem">What is wrong with the name.</param>
    public virtual ProtocolError InvalidChannel(string problem) => SessionError.BadRequest(problem);
}
