using System.Globalization;
using Gateway.TestSupport;

namespace Gateway.Tests.Redis.Faults;

/// <summary>
/// Publishes <c>1</c>, <c>2</c>, <c>3</c> … to a channel, each when the one before was answered, until it is stopped. For one thread.
/// </summary>
internal sealed class SteadyPublisher
{
    private readonly JsonClient _client;
    private readonly string _channel;
    private readonly List<long> _accepted = [];
    private readonly Task _publishing;
    private int _acceptedCount;
    private int _refusedCount;
    private volatile bool _stopping;

    private SteadyPublisher(JsonClient client, string channel)
    {
        _client = client;
        _channel = channel;
        _publishing = PublishAsync();
    }

    /// <param name="client">Not subscribed to the channel; from now on nobody else may use it.</param>
    /// <param name="channel">A name that needs no escapes.</param>
    public static SteadyPublisher Start(JsonClient client, string channel) => new(client, channel);

    /// <summary>Waits until a number of further messages was accepted.</summary>
    public Task PublishesMoreAsync(int messages)
    {
        int target = Volatile.Read(ref _acceptedCount) + messages;
        return Eventually.TrueAsync(
            () => Volatile.Read(ref _acceptedCount) >= target || Failed(), $"{messages} more messages are accepted");
    }

    /// <summary>Waits until a further message was not accepted.</summary>
    public Task IsRefusedAsync()
    {
        int target = Volatile.Read(ref _refusedCount) + 1;
        return Eventually.TrueAsync(() => Volatile.Read(ref _refusedCount) >= target || Failed(), "a message is refused");
    }

    /// <summary>The number of messages that were not accepted so far.</summary>
    public int Refused => Volatile.Read(ref _refusedCount);

    /// <returns>The contents that were acknowledged.</returns>
    public async Task<IReadOnlyList<long>> StopAsync()
    {
        _stopping = true;
        await _publishing;
        return _accepted;
    }

    /// <exception cref="InvalidOperationException">
    /// Neither an acknowledgement nor <c>unavailable</c> or <c>unconfirmed</c>, or nothing, was the answer.
    /// </exception>
    private bool Failed() =>
        _publishing.IsFaulted ? throw new InvalidOperationException("It could not go on.", _publishing.Exception) : false;

    private async Task PublishAsync()
    {
        await Task.Yield();
        for (long content = 1; !_stopping; content++)
        {
            await _client.PublishAsync(_channel, content.ToString(CultureInfo.InvariantCulture), $$""","id":{{content}}""");
            var answer = await _client.ReceiveAsync();
            if (answer.Number("id") != content)
                throw new InvalidOperationException($"expected the answer to {content}, got {answer}");
            if (answer.Text("type") == "ack")
            {
                _accepted.Add(content);
                Interlocked.Increment(ref _acceptedCount);
                continue;
            }
            if (answer.Text("code") is not ("unavailable" or "unconfirmed"))
                throw new InvalidOperationException($"expected unavailable or unconfirmed, got {answer}");
            Interlocked.Increment(ref _refusedCount);
        }
    }
}
