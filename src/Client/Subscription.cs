using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Gateway.Client;

/// <summary>
/// Safe for any thread, but for one enumeration of messages, and one of presence, at a time. A subscription to a channel, which outlives
/// connections: after each reconnect it goes on behind the last message received. Dispose of it to unsubscribe.
/// </summary>
/// <typeparam name="T">What contents are read as.</typeparam>
public sealed class Subscription<T> : IAsyncEnumerable<Message<T>>, IAsyncDisposable
{
    private readonly ChannelSubscription _channel;
    private readonly JsonTypeInfo<T> _type;

    internal Subscription(ChannelSubscription channel, JsonTypeInfo<T> type)
    {
        (_channel, _type) = (channel, type);
    }

    /// <summary>The channel's name.</summary>
    public string Channel => _channel.Channel;

    /// <summary>
    /// Completes when the gateway has confirmed the subscription for the first time, with the position that messages follow, null in a
    /// channel without history; fails with a <see cref="GatewayException"/> when it refuses, and is canceled by disposal before that.
    /// </summary>
    public Task<Position?> Started => _channel.Started;

    /// <summary>Who is in the channel as far as known; null before the first answer, and where there is no presence or no right to it.</summary>
    public PresenceState? Presence => _channel.Presence;

    /// <summary>Messages dropped because they were not read in time; always 0 in a channel with history.</summary>
    public long DroppedMessages => _channel.DroppedMessages;

    /// <summary>
    /// The messages, in order, until the subscription is disposed of. Ending the enumeration ends nothing else: messages gather in the
    /// buffer, and the next enumeration goes on with them.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="GatewayException">The gateway refused or ended the subscription.</exception>
    /// <exception cref="JsonException">A content is not a <typeparamref name="T"/>. Another enumeration goes on behind that message.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async IAsyncEnumerator<Message<T>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await _channel.TakeAsync(cancellationToken) is { } item)
        {
            if (item.Message is { } message)
                yield return MessageReader.Read(message, Channel, item.Position, _type);
            else if (_channel.Options.OnLoss is { } onLoss)
                await onLoss(item.Loss!, cancellationToken);
        }
    }

    /// <summary>
    /// Who is in the channel, whenever that has changed, with who joined and left since the state before; the first has all as joined.
    /// Whoever reads slowly skips states, never changes. Ends with the subscription.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async IAsyncEnumerable<PresenceState> WatchPresenceAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        PresenceState? seen = null;
        while (await _channel.PresenceAfterAsync(seen, cancellationToken) is { } state)
        {
            var before = seen;
            seen = state;
            yield return state.Since(before);
        }
    }

    /// <summary>Unsubscribes. Enumerations end; messages that were not read are dropped.</summary>
    public ValueTask DisposeAsync()
    {
        _channel.End();
        return ValueTask.CompletedTask;
    }
}
