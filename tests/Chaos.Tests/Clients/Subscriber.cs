using System.Text.Json;
using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Run;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Clients;

/// <summary>Follows some channels by the documented rules: recovers from where it is, and starts over only when it is told to.</summary>
internal sealed class Subscriber : Client
{
    /// <summary>A refused subscribe is tried again after this.</summary>
    private const int RetryMilliseconds = 200;

    private readonly Dictionary<string, Subscription> _subscriptions;
    private readonly bool _isRestless;
    private long _leavesAt;

    /// <param name="scene">The run.</param>
    /// <param name="name">Its user id.</param>
    /// <param name="number">Unique over all clients.</param>
    /// <param name="channels">What it follows.</param>
    /// <param name="isRestless">Whether it leaves and comes back by itself.</param>
    public Subscriber(ChaosScene scene, string name, int number, IEnumerable<string> channels, bool isRestless)
        : base(scene, name, number)
    {
        _isRestless = isRestless;
        _subscriptions = channels.ToDictionary(
            channel => channel,
            channel => new Subscription(
                new Follower(scene.Ledger, name, channel, ChannelPlan.HasHistory(channel)),
                ChannelPlan.HasPresence(channel) ? new PresenceView() : null));
    }

    public IReadOnlyCollection<Subscription> Subscriptions => _subscriptions.Values;

    /// <summary>Its subscription to a channel; null when it does not follow that.</summary>
    public Subscription? Find(string channel) => _subscriptions.GetValueOrDefault(channel);

    protected override TimeSpan TickInterval => TimeSpan.FromMilliseconds(100);

    protected override void Connected(ClientConnection connection)
    {
        _leavesAt = Scene.Clock.Now + Random.Next(2500, 12_000);
        foreach (var subscription in Subscriptions)
            Subscribe(connection, subscription);
    }

    protected override void Heard(ClientConnection connection, string type, JsonElement message)
    {
        var request = connection.TakeRequest(message);
        var subscription = message.TryGetProperty("channel", out var channel) ? _subscriptions[channel.GetString()!] : null;
        switch (type)
        {
            case "message":
                subscription!.Follower.Received(Seq(message), message.GetProperty("content"));
                break;
            case "subscribed":
                Subscribed(connection, subscription!, message);
                break;
            case "unsubscribed":
                Unsubscribed(connection, subscription!, message);
                break;
            case "presence":
                subscription!.View!.Take(message);
                break;
            case "history":
                Read(subscription!, message);
                break;
            case "error" when request is { } refused && Code(message) is "unavailable" or "unconfirmed":
                if (request.Value.What == "subscribe")
                    _subscriptions[request.Value.Channel!].RetryAt = Scene.Clock.Now + RetryMilliseconds;
                break;
            case "error" when request?.What == "unsubscribe" && Code(message) == "not_subscribed":
                // It ended at the same moment.
                break;
            default:
                Unexpected(type, message);
                break;
        }
    }

    protected override void Ticked(ClientConnection connection)
    {
        long now = Scene.Clock.Now;
        foreach (var subscription in Subscriptions)
        {
            if (subscription.RetryAt <= now)
                Subscribe(connection, subscription);
        }
        if (!_isRestless || Scene.IsCalm || now < _leavesAt)
            return;
        _leavesAt = now + Random.Next(2500, 12_000);
        if (Random.Next(2) == 0)
            LeaveOne(connection);
        else
            Leave(connection);
    }

    protected override void Lost()
    {
        foreach (var subscription in Subscriptions)
        {
            subscription.Follower.Ended("lost its connection");
            subscription.RetryAt = long.MaxValue;
        }
    }

    private static long? Seq(JsonElement message) => message.TryGetProperty("seq", out var value) ? value.GetInt64() : null;

    private static string? Code(JsonElement message) => message.TryGetProperty("code", out var code) ? code.GetString() : null;

    private static void Subscribe(ClientConnection connection, Subscription subscription)
    {
        subscription.RetryAt = long.MaxValue;
        string recover = subscription.Follower.Asking() is { } from
            ? $$$""","recover":{"epoch":{{{JsonSerializer.Serialize(from.Epoch)}}},"seq":{{{from.Seq}}}}"""
            : "";
        connection.Ask("subscribe", subscription.Follower.Channel, recover);
    }

    private void Subscribed(ClientConnection connection, Subscription subscription, JsonElement message)
    {
        var follower = subscription.Follower;
        var before = follower.Position;
        bool? recovered = message.TryGetProperty("recovered", out var value) ? value.GetBoolean() : null;
        follower.Subscribed(message.TryGetProperty("epoch", out var epoch) ? epoch.GetString() : null, Seq(message), recovered);
        subscription.View?.Take(message);
        // What the new epoch has where it was before shows whether it could go on.
        if (recovered == true && before is { } position && (follower.Position?.Epoch != position.Epoch || Random.Next(5) == 0))
            connection.Ask("history", follower.Channel, $$""","after":{{Math.Max(0, position.Seq - 40)}},"limit":60""");
    }

    private void Unsubscribed(ClientConnection connection, Subscription subscription, JsonElement message)
    {
        string? code = Code(message);
        subscription.Follower.Ended(code is null ? "unsubscribed as it asked" : $"unsubscribed with {code}");
        if (code == "insufficient_state")
            Subscribe(connection, subscription);
        else if (code is null)
            subscription.RetryAt = Scene.Clock.Now + Random.Next(3000);
        else
            Unexpected("unsubscribed", message);
    }

    private void Read(Subscription subscription, JsonElement message)
    {
        var messages = message.GetProperty("messages").EnumerateArray()
            .Select(entry => (entry.GetProperty("seq").GetInt64(), entry.GetProperty("content")));
        Scene.Ledger.Page(Name, subscription.Follower.Channel, message.GetProperty("epoch").GetString()!, [.. messages]);
    }

    private void Leave(ClientConnection connection)
    {
        Absence = TimeSpan.FromMilliseconds(Random.Next(4000));
        if (Random.Next(4) == 0)
        {
            foreach (var subscription in Subscriptions)
                subscription.Follower.Forget();
        }
        connection.End();
    }

    private void LeaveOne(ClientConnection connection)
    {
        var subscription = Subscriptions.ElementAt(Random.Next(Subscriptions.Count));
        if (subscription.Follower.IsSubscribed)
            connection.Ask("unsubscribe", subscription.Follower.Channel);
    }
}

/// <summary>A channel of a subscriber. For one thread.</summary>
internal sealed class Subscription(Follower follower, PresenceView? view)
{
    public Follower Follower => follower;

    /// <summary>Who is there, as far as it was told; null without presence.</summary>
    public PresenceView? View => view;

    /// <summary>When to subscribe again.</summary>
    public long RetryAt { get; set; } = long.MaxValue;
}
