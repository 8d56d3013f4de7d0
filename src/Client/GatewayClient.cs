using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Gateway.Protocol.Messages;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Client;

/// <summary>
/// A client of a gateway that connects with its first use and reconnects by itself. Subscriptions go on where they stopped, and messages
/// that were not acknowledged are sent again without being published twice. One client serves a whole application. Safe for any thread.
/// </summary>
public sealed partial class GatewayClient : IAsyncDisposable
{
    private const string NeedsReflection =
        "Reads or writes the content by reflection; use the overload with JsonTypeInfo in trimmed or AOT-compiled programs.";

    private readonly GatewayClientOptions _options;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly RequestQueue _requests;
    private readonly SubscriptionTable _subscriptions;
    private readonly ClientServices _services;

    /// <param name="options">The gateway's address and the client's settings.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public GatewayClient(GatewayClientOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _options = options;
        _log = options.LoggerFactory?.CreateLogger<GatewayClient>() ?? NullLogger<GatewayClient>.Instance;
        _requests = new RequestQueue(options.QueueLimit, options.Time);
        _subscriptions = new SubscriptionTable(options.Time, _log, _stop.Token);
        _services = new ClientServices(options, _requests, _subscriptions, _log);
    }

    /// <summary>Publishes a message to a channel. Without a connection the message waits for one.</summary>
    /// <param name="channel">The channel's name. Publishing needs no subscription.</param>
    /// <param name="content">The content: any value that can be written as JSON.</param>
    /// <param name="type">The type information that the content is written with.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the waiting. A message that has been sent may be published all the same.</param>
    /// <returns>The position of the accepted message. Null in a channel without history.</returns>
    /// <exception cref="GatewayException">The message was refused: see <see cref="GatewayException.Code"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public async Task<Position?> PublishAsync<T>(
        string channel,
        T content,
        JsonTypeInfo<T> type,
        PublishOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(type);
        return await PublishAsync(
            channel, writer => JsonSerializer.Serialize(writer, content, type), options?.Attachments ?? [], options, cancellationToken)
            .ConfigureAwait(false);
    }

    /// <inheritdoc cref="PublishAsync{T}(string, T, JsonTypeInfo{T}, PublishOptions?, CancellationToken)"/>
    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsReflection)]
    public Task<Position?> PublishAsync<T>(
        string channel, T content, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        PublishAsync(channel, content, TypeOf<T>(), options, cancellationToken);

    /// <summary>
    /// Publishes bytes to a channel: a message with attachments and without content. Without a connection the message waits for one.
    /// </summary>
    /// <param name="channel">The channel's name. Publishing needs no subscription.</param>
    /// <param name="bytes">The first attachment. Those of <paramref name="options"/> follow it.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the waiting. A message that has been sent may be published all the same.</param>
    /// <returns>The position of the accepted message. Null in a channel without history.</returns>
    /// <exception cref="GatewayException">The message was refused: see <see cref="GatewayException.Code"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public Task<Position?> PublishBytesAsync(
        string channel, ReadOnlyMemory<byte> bytes, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        PublishAsync(channel, content: null, [bytes, .. options?.Attachments ?? []], options, cancellationToken);

    /// <summary>Subscribes to a channel, now and after every reconnect, until the subscription is disposed of.</summary>
    /// <param name="channel">The channel's name. A client can have one subscription to it at a time.</param>
    /// <param name="type">The type information that contents are read with.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <returns>The subscription, at once. <see cref="Subscription{T}.Started"/> completes when the gateway has confirmed it.</returns>
    /// <exception cref="InvalidOperationException">The client has a subscription to the channel already.</exception>
    public Subscription<T> Subscribe<T>(string channel, JsonTypeInfo<T> type, SubscribeOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        ArgumentNullException.ThrowIfNull(type);
        options ??= new SubscribeOptions();
        options.Validate();
        var subscription = new ChannelSubscription(channel, options, _subscriptions);
        _subscriptions.Add(subscription);
        Start();
        return new Subscription<T>(subscription, type);
    }

    /// <inheritdoc cref="Subscribe{T}(string, JsonTypeInfo{T}, SubscribeOptions?)"/>
    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsReflection)]
    public Subscription<T> Subscribe<T>(string channel, SubscribeOptions? options = null) => Subscribe(channel, TypeOf<T>(), options);

    /// <summary>
    /// Reads a page of a channel's history: the newest messages, or those next to a seq. The user needs the right <c>history</c>, but no
    /// subscription.
    /// </summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="type">The type information that contents are read with.</param>
    /// <param name="range">The messages to read. Null for the newest 100.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="GatewayException">
    /// The request was refused, with <see cref="GatewayErrorCode.HistoryUnavailable"/> in a channel without history.
    /// </exception>
    /// <exception cref="JsonException">A content cannot be read as <typeparamref name="T"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public async Task<HistoryPage<T>> GetHistoryAsync<T>(
        string channel, JsonTypeInfo<T> type, HistoryRange? range = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        ArgumentNullException.ThrowIfNull(type);
        long id = _subscriptions.NextId();
        byte[] frame = ClientMessageWriter.History(id, channel, range?.Limit, range?.Before, range?.After);
        var answer = await RequestAsync(new Request(id, frame, changes: false), cancellationToken).ConfigureAwait(false);
        return MessageReader.ReadPage(answer, channel, type);
    }

    /// <inheritdoc cref="GetHistoryAsync{T}(string, JsonTypeInfo{T}, HistoryRange?, CancellationToken)"/>
    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsReflection)]
    public Task<HistoryPage<T>> GetHistoryAsync<T>(
        string channel, HistoryRange? range = null, CancellationToken cancellationToken = default) =>
        GetHistoryAsync(channel, TypeOf<T>(), range, cancellationToken);

    /// <summary>Reads all of a channel's history behind a seq, page by page, in ascending order, up to its end at the time.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="type">The type information that contents are read with.</param>
    /// <param name="after">The seq before the first message. 0 for all messages that the gateway keeps.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="GatewayException">The request was refused.</exception>
    /// <exception cref="JsonException">A content cannot be read as <typeparamref name="T"/>.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public async IAsyncEnumerable<Message<T>> ReadHistoryAsync<T>(
        string channel, JsonTypeInfo<T> type, long after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        bool more = true;
        while (more)
        {
            var page = await GetHistoryAsync(channel, type, new HistoryRange { After = after }, cancellationToken).ConfigureAwait(false);
            foreach (var message in page.Messages)
            {
                after = message.Position!.Value.Seq;
                yield return message;
            }
            more = page.More && page.Messages.Count > 0;
        }
    }

    /// <summary>Reads which users are in a channel. The user needs the right <c>presence</c>, but no subscription.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="GatewayException">The request was refused.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> was canceled.</exception>
    public async Task<PresenceState> GetPresenceAsync(string channel, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        long id = _subscriptions.NextId();
        var request = new Request(id, ClientMessageWriter.Presence(id, channel), changes: false);
        var answer = await RequestAsync(request, cancellationToken).ConfigureAwait(false);
        return PresenceState.Of(answer) ?? new PresenceState(null, 0);
    }

    private async Task<Position?> PublishAsync(
        string channel,
        Action<Utf8JsonWriter>? content,
        IReadOnlyCollection<ReadOnlyMemory<byte>> attachments,
        PublishOptions? options,
        CancellationToken cancellation)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(attachments.Count, BinaryMessage.MaxAttachments, nameof(options));
        long id = _subscriptions.NextId();
        string key = options?.Key ?? Guid.NewGuid().ToString("N");
        bool echo = options?.Echo ?? true;
        byte[] frame = ClientMessageWriter.Publish(id, channel, content, attachments, echo, key);
        var request = new Request(id, frame, changes: true, unechoed: echo ? null : channel, isBinary: attachments.Count > 0);
        return (await RequestAsync(request, cancellation).ConfigureAwait(false)).Position;
    }

    private async Task<ServerMessage> RequestAsync(Request request, CancellationToken cancellation)
    {
        int limit = _options.MaxMessageBytes;
        if (request.Frame.Length > limit)
        {
            string problem = $"{request.Frame.Length} bytes are more than {nameof(GatewayClientOptions.MaxMessageBytes)} ({limit})";
            throw new GatewayException(GatewayErrorCode.MessageTooLarge, problem);
        }
        cancellation.ThrowIfCancellationRequested();
        _requests.Add(request);
        Start();
        _subscriptions.Wake();
        await using var registration = cancellation.Register(() => _requests.Cancel(request, cancellation)).ConfigureAwait(false);
        return await request.Answer.ConfigureAwait(false);
    }

    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsReflection)]
    private JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>)(_options.Json ?? JsonSerializerOptions.Web).GetTypeInfo(typeof(T));
}
