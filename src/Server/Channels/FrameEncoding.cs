using Gateway.Protocol.WebSockets;
using Gateway.Server.Backplane;
using Gateway.Server.Naming;

namespace Gateway.Server.Channels;

/// <summary>
/// How messages look on one kind of wire. Stateless: one object for all connections of that kind, which is also what a channel tells the
/// kinds apart by. What is written is the same for every connection, so that a batch is encoded once for all of them.
/// </summary>
internal abstract class FrameEncoding
{
    /// <summary>
    /// Whether a client answers a ping. One that cannot is alive as long as it takes what it is sent.
    /// </summary>
    public abstract bool ExpectsPong { get; }

    /// <summary>
    /// Whether each client is told with its frames how far it has come, so that what a reply does to a position is noted at its frame.
    /// </summary>
    public abstract bool HasPositions { get; }

    /// <summary>
    /// The encoding whose frames this one's are made from; itself where it writes its own. The messages of a channel are written in that
    /// one, and this one's frames made of them when the first subscriber needs them.
    /// </summary>
    public virtual FrameEncoding Source => this;

    /// <summary>Whether clients may send compressed messages.</summary>
    public virtual bool IsCompressed => false;

    /// <summary>
    /// Whether a reply of so many bytes takes so long to write that nobody should wait for it: then it is written before its connection's
    /// queue is locked.
    /// </summary>
    public virtual bool IsSlow(int bytes) => false;

    /// <summary>Makes frames of those of <see cref="Source"/>, with the same facts about each.</summary>
    /// <returns>The frames with a reference on them, the caller's; they may be the very same.</returns>
    public virtual FrameBatch Transcode(FrameBatch source, ChannelName channel) => throw new NotSupportedException();

    /// <summary>Writes a message of a channel.</summary>
    public abstract void WriteMessage(FrameBatch output, ChannelName channel, in Publication publication);

    /// <summary>Writes a presence change or a snapshot.</summary>
    public abstract void WritePresence(FrameBatch output, ChannelName channel, PresenceMessage presence);

    /// <summary>Writes a message to one client, which its dialect has put into text.</summary>
    /// <param name="output">Where to.</param>
    /// <param name="type">The message's type; empty where the dialect has none.</param>
    /// <param name="reply">The message.</param>
    /// <param name="retryAfter">Milliseconds that the client is to wait before it comes back; null where the message does not say.</param>
    public abstract void WriteReply(FrameBatch output, ReadOnlySpan<byte> type, ReadOnlySpan<byte> reply, long? retryAfter);

    /// <summary>Writes a message of bytes to one client.</summary>
    public abstract void WriteBinary(FrameBatch output, ReadOnlySpan<byte> reply);

    /// <summary>Writes a sign of life, which a client answers where <see cref="ExpectsPong"/>.</summary>
    public abstract void WritePing(FrameBatch output);

    /// <summary>Writes the answer to a client's ping; nothing where clients do not ping.</summary>
    public abstract void WritePong(FrameBatch output, ReadOnlySpan<byte> payload);

    /// <summary>Writes the end of the conversation; nothing where only the end of the stream says so.</summary>
    public abstract void WriteClose(FrameBatch output, CloseStatus status);
}
