using System.Net.WebSockets;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace Gateway.Client;

/// <summary>Immutable. How a <see cref="GatewayClient"/> connects and behaves.</summary>
public sealed record GatewayClientOptions
{
    /// <summary>The gateway's WebSocket address, as <c>wss://gateway.example.com/ws</c>.</summary>
    public required Uri Url { get; init; }

    /// <summary>
    /// Gives the token to sign in with; asked before every connection and ahead of the token's expiry, so it should fetch a new
    /// one. Null, unless set, or null returned: no token. What it throws counts as a failed attempt, and it is asked again later.
    /// </summary>
    public Func<CancellationToken, ValueTask<string?>>? Token { get; init; }

    /// <summary>How long before its expiry a token is refreshed; 1 minute unless set, at most half of the token's remaining life.</summary>
    public TimeSpan RefreshAhead { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>Messages and requests held until the gateway has answered them, 1 to 1,000,000; 1,000 unless set.</summary>
    /// <remarks>Over it, the oldest that has not been sent is refused with <see cref="GatewayErrorCode.QueueFull"/>.</remarks>
    public int QueueLimit { get; init; } = 1000;

    /// <summary>Largest message that is sent, in bytes of JSON in UTF-8; 65,536 unless set, which is the gateway's own default (<c>Limits:MessageBytes</c>).</summary>
    /// <remarks>A larger one is refused here with <see cref="GatewayErrorCode.MessageTooLarge"/>: the gateway would close the connection for good.</remarks>
    public int MaxMessageBytes { get; init; } = 65_536;

    /// <summary>
    /// How long a connection may take to open and sign in; 15 seconds unless set: longer than the gateway waits for a token
    /// (<c>Auth:Timeout</c>, 10 seconds), so that the gateway can say that none came.
    /// </summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>
    /// How long the gateway may stay silent beyond its own interval before it is asked for a sign of life, and how long that may
    /// take; 10 seconds unless set, as the gateway's <c>Heartbeat:PongTimeout</c>.
    /// </summary>
    public TimeSpan PongTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How contents are read and written where no type information is given; <see cref="JsonSerializerOptions.Web"/> unless set.</summary>
    public JsonSerializerOptions? Json { get; init; }

    /// <summary>Sets further options of each WebSocket, such as a proxy or certificates; null unless set.</summary>
    public Action<ClientWebSocketOptions>? ConfigureSocket { get; init; }

    /// <summary>Where connections, their ends and problems are logged; nowhere unless set. Tokens and contents are not logged.</summary>
    public ILoggerFactory? LoggerFactory { get; init; }

    /// <summary>The clock of all delays and deadlines; the system's unless set.</summary>
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
