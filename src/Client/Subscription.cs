using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Gateway.Client;

/// <summary>
/// A subscription to a channel, which outlives connections: after each reconnect it goes on behind the last received message. Dispose of it
/// to unsubscribe. Safe for any thread, with one enumeration of messages and one of presence at a time.
/// </summary>
/// <typeparam name="T">The type that contents are read as.</typeparam>
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
    /// Completes when the gateway has confirmed the subscription for the first time. The result is the position that messages follow, or
    /// null in a channel without history. Fails with a <see cref="GatewayException"/> when the gateway refuses, and is canceled when the
    /// subscription is disposed of before.
    /// </summary>
    public Task<Position?> Started => _channel.Started;

    /// <summary>
    /// The users in the channel, as far as known. Null before the first answer, in a namespace without presence, and without the right to
    /// it.
    /// </summary>
    public PresenceState? Presence => _channel.Presence;

    /// <summary>The number of messages that were dropped because they were not read in time. Always 0 in a channel with history.</summary>
    public long DroppedMessages => _channel.DroppedMessages;

    /// <summary>
    /// The messages, in order, until the subscription is disposed of. The subscription outlives an enumeration: messages gather in the
    /// buffer, and the next enumeration goes on with them.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="GatewayException">The gateway refused or ended the subscription.</exception>
    /// <exception cref="JsonException">
    /// A content cannot be read as <typeparamref name="T"/>. Another enumeration goes on behind that message.
    /// </exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public async IAsyncEnumerator<Message<T>> GetAsyncEnumerator(CancellationToken cancellationToken = default)
    {
        while (await _channel.TakeAsync(cancellationToken).ConfigureAwait(false) is { } item)
        {
            if (item.Message is { } message)
                yield return MessageReader.Read(message, Channel, item.Position, _type);
            else if (_channel.Options.OnLoss is { } onLoss)
                await onLoss(item.Loss!, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// The users in the channel, each time they have changed, with those who joined and left since the previous state. The first state has
    /// all users as joined. A slow reader skips states, but no changes. Ends with the subscription.
    /// </summary>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public async IAsyncEnumerable<PresenceState> WatchPresenceAsync([EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        PresenceState? seen = null;
        while (await _channel.WaitForPresenceAsync(seen, cancellationToken).ConfigureAwait(false) is { } state)
        {
            var before = seen;
            seen = state;
            yield return state.Since(before);
        }
    }

    /// <summary>Unsubscribes. Enumerations end, and messages that were not read are dropped.</summary>
    public ValueTask DisposeAsync()
    {
        _channel.End();
        return ValueTask.CompletedTask;
    }
}
