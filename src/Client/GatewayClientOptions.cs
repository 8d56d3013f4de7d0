using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Gateway.Client;

/// <summary>The settings of a <see cref="GatewayClient"/>. Immutable.</summary>
public sealed record GatewayClientOptions
{
    /// <summary>The gateway's WebSocket address, as <c>wss://gateway.example.com/ws</c>.</summary>
    public required Uri Url { get; init; }

    /// <summary>
    /// Fetches the token to sign in with. The client calls this before every connection, and ahead of the token's expiry, so it should
    /// return a new token each time. An exception counts as a failed attempt to connect. Null, unless set, and a null result mean no token.
    /// </summary>
    public Func<CancellationToken, ValueTask<string?>>? Token { get; init; }

    /// <summary>
    /// The time before its expiry at which a token is refreshed. 1 minute unless set, and at most half of the token's remaining life.
    /// </summary>
    public TimeSpan RefreshAhead { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>The most requests, messages among them, that wait to be sent or answered, 1 to 1,000,000. 1,000 unless set.</summary>
    /// <remarks>Over the limit, the oldest request that has not been sent fails with <see cref="GatewayErrorCode.QueueFull"/>.</remarks>
    public int QueueLimit { get; init; } = 1000;

    /// <summary>
    /// The largest message that the client sends, in bytes of JSON in UTF-8. 65,536 unless set, which is the gateway's own default
    /// (<c>Limits:MessageBytes</c>).
    /// </summary>
    /// <remarks>
    /// The client refuses a larger message with <see cref="GatewayErrorCode.MessageTooLarge"/>. The gateway would close the connection for
    /// good.
    /// </remarks>
    public int MaxMessageBytes { get; init; } = 65_536;

    /// <summary>
    /// The time that a connection may take to open and sign in. 15 seconds unless set, which is longer than the gateway waits for a token
    /// (<c>Auth:Timeout</c>, 10 seconds), so that the gateway's own reason arrives first.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// The time that the gateway may stay silent beyond its own ping interval before the client sends a ping, and the time that the answer
    /// may take. 10 seconds unless set, as the gateway's <c>Heartbeat:PongTimeout</c>.
    /// </summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The JSON options for contents without type information. <see cref="JsonSerializerOptions.Web"/> unless set.</summary>
    public JsonSerializerOptions? Json { get; init; }

    /// <summary>
    /// Whether the client offers to compress messages, both ways (permessage-deflate, without context from one message to the next). False
    /// unless set. Messages of less than 512 bytes stay uncompressed where the gateway sends them (<c>Compression:Threshold</c>).
    /// </summary>
    /// <remarks>
    /// Over TLS, compression can show what is secret in a message to somebody who chooses another part of the same message and sees its
    /// length.
    /// </remarks>
    public bool Compress { get; init; }

    /// <summary>Sets further options of each WebSocket, such as a proxy or certificates. Null unless set.</summary>
    public Action<ClientWebSocketOptions>? ConfigureSocket { get; init; }

    /// <summary>
    /// The loggers for connections, their ends and problems. Null, unless set, to log nothing. Tokens and contents are never logged.
    /// </summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The clock of all delays and deadlines. The system's clock unless set.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    internal void Validate()
    {
        ArgumentNullException.ThrowIfNull(Url);
        if (!Url.IsAbsoluteUri || Url.Scheme is not ("ws" or "wss"))
            throw new ArgumentException($"{nameof(Url)} must be a ws:// or wss:// address.");
        ArgumentOutOfRangeException.ThrowIfLessThan(QueueLimit, 1, nameof(QueueLimit));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(QueueLimit, 1_000_000, nameof(QueueLimit));
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxMessageBytes, 128, nameof(MaxMessageBytes));
        foreach (var time in new[] { RefreshAhead, ConnectTimeout, PongTimeout })
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(time, TimeSpan.Zero);
    }
}
