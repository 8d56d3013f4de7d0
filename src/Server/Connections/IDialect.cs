using System.Buffers;
using Gateway.Protocol.WebSockets;
using Gateway.Server.Channels;

namespace Gateway.Server.Connections;

/// <summary>
/// What a client of one connection says and hears: the connection hands every message and every turn of its life to it. Called by the read
/// loop, except where noted.
/// </summary>
internal interface IDialect
{
    /// <summary>The client, as the API sees it; null where nobody signs in.</summary>
    IClientSession? Client { get; }

    /// <summary>The connection is open; messages written now go out first.</summary>
    ValueTask OnOpenAsync();

    /// <summary>
    /// Handles a whole message. The payload is valid until the task completes, which holds up the next message; what the message asks for
    /// may take longer.
    /// </summary>
    ValueTask OnMessageAsync(FrameKind kind, ReadOnlyMemory<byte> payload);

    /// <summary>
    /// Completes when publishes are answered and other requests have come to an end. Called before the connection closes at the client's
    /// wish.
    /// </summary>
    ValueTask FinishAsync();

    /// <summary>
    /// Completes when publishes are answered, which takes as long as one call to the backplane. Called before the connection closes at the
    /// gateway's wish.
    /// </summary>
    ValueTask AnswerPublishesAsync();

    /// <summary>The connection is about to close: nothing may hold up the read loop for long any more. From any thread.</summary>
    void OnClosing();

    /// <summary>Looks at deadlines. Called by the clock while the connection is open.</summary>
    /// <param name="now">Milliseconds on the clock.</param>
    /// <returns>
    /// When to call again, on the same clock; <see cref="long.MaxValue"/> where there is no deadline. One that comes up is told by
    /// <see cref="Connection.Hasten"/>.
    /// </returns>
    long OnTick(long now);

    /// <summary>Answers a whole message that is over the rate limit and not handled.</summary>
    /// <param name="kind">Text or binary.</param>
    /// <param name="payload">The message; read before the method returns.</param>
    /// <param name="retryAfter">Milliseconds after which it would be handled.</param>
    void OnRateLimited(FrameKind kind, ReadOnlyMemory<byte> payload, long retryAfter);

    /// <summary>Writes the message that goes before a close frame of the gateway's; nothing where the dialect has none.</summary>
    void WriteDisconnect(IBufferWriter<byte> output, CloseRequest close);

    /// <summary>A subscription cannot go on without a gap. From any thread, without locks.</summary>
    void OnGap(Subscription subscription);

    /// <summary>Presence frames were dropped, and there is room again. From any thread, without locks.</summary>
    void OnPresenceDropped();

    /// <summary>The connection is over: nothing of it may be left behind. Called exactly once.</summary>
    /// <param name="code">The code of the close frame; 1006 where there was none.</param>
    void OnClosed(int code);
}
