using System.Buffers;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;

namespace Gateway.Server.Connections;

/// <summary>Called by one connection's read loop, except where noted. What the messages of a connection mean.</summary>
internal interface IMessageHandler
{
    /// <summary>The client, as the API sees it; null where nobody signs in.</summary>
    IClientSession? Client { get; }

    /// <summary>The connection is open; what is written now goes out first.</summary>
    ValueTask OnOpenAsync();

    /// <summary>
    /// A whole message. The payload is valid until the task completes, which holds up the next message; what it asks for may take longer.
    /// </summary>
    ValueTask OnMessageAsync(FrameKind kind, ReadOnlyMemory<byte> payload);

    /// <summary>
    /// Completes when what was published is answered, and what else was asked for has come to an end. Called before the connection closes
    /// at the client's wish.
    /// </summary>
    ValueTask FinishAsync();

    /// <summary>
    /// Completes when what was published is answered, which takes as long as one call to the backplane. Called before the connection closes
    /// at the gateway's wish.
    /// </summary>
    ValueTask AnswerPublishesAsync();

    /// <summary>The connection is about to close: whatever holds up the read loop is to end soon. From any thread.</summary>
    void OnClosing();

    /// <summary>Looks at what has a deadline. Called by the clock while the connection is open.</summary>
    /// <param name="now">Milliseconds on the clock.</param>
    void OnTick(long now);

    /// <summary>A whole message that is over the rate limit: it is not done.</summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="payload">Read before the method returns.</param>
    /// <param name="retryAfter">Milliseconds after which it would be.</param>
    void OnRateLimited(FrameKind kind, ReadOnlyMemory<byte> payload, long retryAfter);

    /// <summary>Writes the message that precedes a close frame of ours, if there is one.</summary>
    void WriteDisconnect(IBufferWriter<byte> output, CloseRequest close);

    /// <summary>A subscription can't go on without a gap. From any thread, without locks.</summary>
    void OnGap(Subscription subscription);

    /// <summary>Presence frames were dropped, and there is room again. From any thread, without locks.</summary>
    void OnPresenceDropped();

    /// <summary>The connection is over: nothing of it may be left behind. Called exactly once.</summary>
    /// <param name="code">Of the close frame; 1006 where there was none.</param>
    void OnClosed(int code);
}
