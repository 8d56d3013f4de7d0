using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Gateway.Client;

/// <summary>
/// Safe for any thread. A connection to a gateway that comes back by itself: subscriptions go on where they stopped, and what was
/// not acknowledged is sent again without doubling. It connects with its first use; one client serves a whole application.
/// </summary>
public sealed partial class GatewayClient : IAsyncDisposable
{
    private const string NeedsReflection = "Reads or writes the content by reflection; use the overload with JsonTypeInfo in trimmed or AOT-compiled programs.";

    private readonly GatewayClientOptions _options;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stop = new();
    private readonly RequestQueue _requests;
    private readonly SubscriptionTable _subscriptions;
    private readonly ClientServices _services;

    /// <param name="options">Where to connect, and how.</param>
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

    /// <summary>Publishes to a channel. While there is no connection the message waits for one.</summary>
    /// <param name="channel">The channel's name; publishing needs no subscription.</param>
    /// <param name="content">Any value that becomes JSON.</param>
    /// <param name="type">How it becomes JSON.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <param name="cancellationToken">Ends the waiting; a message that has been sent may be published all the same.</param>
    /// <returns>When the gateway has accepted it: its position, null in a channel without history.</returns>
    /// <exception cref="GatewayException">It was refused: see <see cref="GatewayException.Code"/>.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async Task<Position?> PublishAsync<T>(string channel, T content, JsonTypeInfo<T> type, PublishOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        ArgumentNullException.ThrowIfNull(type);
        long id = _subscriptions.NextId();
        string key = options?.Key ?? Guid.NewGuid().ToString("N");
        bool echo = options?.Echo ?? true;
        byte[] frame = ClientMessageWriter.Publish(id, channel, content, type, echo, key);
        return (await AskAsync(new Request(id, frame, changes: true, unechoed: echo ? null : channel), cancellationToken)).Position;
    }

    /// <inheritdoc cref="PublishAsync{T}(string, T, JsonTypeInfo{T}, PublishOptions?, CancellationToken)"/>
    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsReflection)]
    public Task<Position?> PublishAsync<T>(string channel, T content, PublishOptions? options = null, CancellationToken cancellationToken = default) =>
        PublishAsync(channel, content, TypeOf<T>(), options, cancellationToken);

    /// <summary>Subscribes to a channel, now and after every reconnect, until the subscription is disposed of.</summary>
    /// <param name="channel">The channel's name. It can have one subscription in a client.</param>
    /// <param name="type">How contents are read.</param>
    /// <param name="options">Null for the defaults.</param>
    /// <returns>At once; <see cref="Subscription{T}.Started"/> tells when the gateway has confirmed it.</returns>
    /// <exception cref="InvalidOperationException">The channel is subscribed to already.</exception>
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

    /// <summary>Reads a page of a channel's history: the newest messages, or those next to a seq. Needs the right, not a subscription.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="type">How contents are read.</param>
    /// <param name="range">Which messages; null for the newest 100.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="GatewayException">It was refused, with <see cref="GatewayErrorCode.HistoryUnavailable"/> where the channel keeps none.</exception>
    /// <exception cref="JsonException">A content is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async Task<HistoryPage<T>> GetHistoryAsync<T>(string channel, JsonTypeInfo<T> type, HistoryRange? range = null, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        ArgumentNullException.ThrowIfNull(type);
        long id = _subscriptions.NextId();
        byte[] frame = ClientMessageWriter.History(id, channel, range?.Limit, range?.Before, range?.After);
        return MessageReader.ReadPage(await AskAsync(new Request(id, frame, changes: false), cancellationToken), channel, type);
    }

    /// <inheritdoc cref="GetHistoryAsync{T}(string, JsonTypeInfo{T}, HistoryRange?, CancellationToken)"/>
    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsReflection)]
    public Task<HistoryPage<T>> GetHistoryAsync<T>(string channel, HistoryRange? range = null, CancellationToken cancellationToken = default) =>
        GetHistoryAsync(channel, TypeOf<T>(), range, cancellationToken);

    /// <summary>Reads all of a channel's history behind a seq, page by page, in ascending order, up to its end at the time.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="type">How contents are read.</param>
    /// <param name="after">The seq before the first; 0 for all that is kept.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    /// <exception cref="GatewayException">It was refused.</exception>
    /// <exception cref="JsonException">A content is not a <typeparamref name="T"/>.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async IAsyncEnumerable<Message<T>> ReadHistoryAsync<T>(string channel, JsonTypeInfo<T> type, long after = 0, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        bool more = true;
        while (more)
        {
            var page = await GetHistoryAsync(channel, type, new HistoryRange { After = after }, cancellationToken);
            foreach (var message in page.Messages)
            {
                after = message.Position!.Value.Seq;
                yield return message;
            }
            more = page.More && page.Messages.Count > 0;
        }
    }

    /// <summary>Asks who is in a channel. Needs the right, not a subscription.</summary>
    /// <param name="channel">The channel's name.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <exception cref="GatewayException">It was refused.</exception>
    /// <exception cref="OperationCanceledException">By <paramref name="cancellationToken"/>.</exception>
    public async Task<PresenceState> GetPresenceAsync(string channel, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(channel);
        long id = _subscriptions.NextId();
        var answer = await AskAsync(new Request(id, ClientMessageWriter.Presence(id, channel), changes: false), cancellationToken);
        return PresenceState.Of(answer) ?? new PresenceState(null, 0);
    }

    private async Task<ServerMessage> AskAsync(Request request, CancellationToken cancellation)
    {
        if (request.Frame.Length > _options.MaxMessageBytes)
            throw new GatewayException(GatewayErrorCode.MessageTooLarge, $"{request.Frame.Length} bytes are more than {nameof(GatewayClientOptions.MaxMessageBytes)} ({_options.MaxMessageBytes})");
        cancellation.ThrowIfCancellationRequested();
        _requests.Add(request);
        Start();
        _subscriptions.Wake();
        await using var registration = cancellation.Register(() => _requests.Cancel(request, cancellation));
        return await request.Answer;
    }

    [RequiresUnreferencedCode(NeedsReflection)]
    [RequiresDynamicCode(NeedsReflection)]
    private JsonTypeInfo<T> TypeOf<T>() => (JsonTypeInfo<T>)(_options.Json ?? JsonSerializerOptions.Web).GetTypeInfo(typeof(T));
}
