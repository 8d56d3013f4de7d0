using System.Text.Json;
using Gateway.Chaos.Tests.Checking;
using Gateway.Chaos.Tests.Clients;
using Gateway.Chaos.Tests.World;

namespace Gateway.Chaos.Tests.Run;

/// <summary>
/// A pause between faults, in which everything has to come right: nodes ready, channels flowing, everybody's view of presence and history
/// the same. For one thread.
/// </summary>
internal sealed class Calm(ChaosScene scene, IReadOnlyList<Subscriber> subscribers, IReadOnlyList<IPublisher> publishers)
{
    /// <summary>Promised after the last fault.</summary>
    private const int HealMilliseconds = 10_000;

    /// <summary>For a machine that runs everything, and for clients that only notice now that their connection is dead.</summary>
    private const int SlackMilliseconds = 1500;

    /// <summary>For what is under way when nothing new is published.</summary>
    private const int SettleMilliseconds = 6000;

    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(200);
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private int _disconnected;

    /// <summary>Waits until all is well, and says what is not when its time is over.</summary>
    /// <returns>How long it took; null when it took too long.</returns>
    public async Task<TimeSpan?> CheckAsync()
    {
        long began = scene.Clock.Now;
        scene.Faults.Note("calm: no fault from here on");
        scene.IsCalm = true;
        try
        {
            bool isWell = await UntilAsync(() => HealsAsync(began), began, HealMilliseconds);
            long healed = scene.Clock.Now;
            scene.IsPublishing = false;
            await UntilAsync(SettlesAsync, healed, SettleMilliseconds);
            scene.Ledger.CheckLinks();
            await AreReachedAsync();
            scene.Faults.Note("calm: over");
            return isWell ? TimeSpan.FromMilliseconds(healed - began) : null;
        }
        finally
        {
            scene.IsPublishing = true;
            scene.IsCalm = false;
        }
    }

    private async Task<bool> UntilAsync(Func<Task<IReadOnlyList<(ProblemKind Kind, string Text)>>> look, long began, int limit)
    {
        while (true)
        {
            var wrong = await look();
            if (wrong.Count == 0)
                return true;
            if (scene.Clock.Now - began > limit + SlackMilliseconds + scene.Busyness.Late(began, scene.Clock.Now))
            {
                string time = RunClock.Text(scene.Clock.Now - began);
                foreach (var (kind, text) in wrong)
                    scene.Problems.Add(kind, text[..text.IndexOf(' ', StringComparison.Ordinal)], $"{time} after the last fault: {text}");
                return false;
            }
            await Task.Delay(Step);
        }
    }

    private async Task<IReadOnlyList<(ProblemKind Kind, string Text)>> HealsAsync(long began)
    {
        var wrong = new List<(ProblemKind, string)>();
        foreach (var node in scene.Nodes)
            await IsReadyAsync(node, wrong);
        foreach (var subscriber in subscribers)
        {
            foreach (var follower in subscriber.Subscriptions.Select(subscription => subscription.Follower))
            {
                string who = $"{subscriber.Name} in {follower.Channel}";
                if (!subscriber.IsConnected || !follower.IsSubscribed)
                    wrong.Add((ProblemKind.Silence, $"{who} is not subscribed"));
                else if (scene.Ledger.SentAt(follower.Newest) is var sentAt && (sentAt == long.MaxValue || sentAt < began))
                    wrong.Add((ProblemKind.Silence, $"{who} got nothing that was sent since; the last was {follower.Newest}"));
            }
        }
        foreach (string channel in ChannelPlan.All.Where(ChannelPlan.HasPresence))
            await IsPresentAsync(channel, wrong);
        return wrong;
    }

    /// <summary>Every node finds a user, wherever that is connected.</summary>
    private async Task AreReachedAsync()
    {
        for (int i = 0; i < scene.Nodes.Count; i++)
        {
            var (node, user) = (scene.Nodes[i], subscribers[_disconnected++ % subscribers.Count]);
            // With a problem before, it may not be connected at all.
            if (!user.IsConnected)
                continue;
            string said = await DisconnectAsync(node, user.Name);
            using var answer = TryParse(said);
            // Its last connection may still be taken for alive.
            if (answer is null || !answer.RootElement.TryGetProperty("connections", out var count) || count.GetInt32() == 0
                || answer.RootElement.GetProperty("missing").GetArrayLength() > 0)
            {
                scene.Problems.Add(ProblemKind.Unreached, node.Name, $"{node.Name} was told to disconnect {user.Name}, and said {said}");
            }
        }
    }

    private static async Task<string> DisconnectAsync(NodeSlot node, string user)
    {
        try
        {
            using var body = new StringContent($$"""{"user":"{{user}}"}""");
            using var reply = await Http.PostAsync(node.Internal("/api/disconnect"), body);
            return await reply.Content.ReadAsStringAsync();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return e.Message;
        }
    }

    private static async Task IsReadyAsync(NodeSlot node, List<(ProblemKind, string)> wrong)
    {
        string ready = await GetAsync(node, "/health/ready");
        using var health = TryParse(ready);
        if (health is null || !health.RootElement.TryGetProperty("status", out var status) || !status.ValueEquals("ready")
            || health.RootElement.TryGetProperty("degraded", out _))
        {
            wrong.Add((ProblemKind.NotReady, $"{node.Name} says {ready}"));
        }
        string nodes = await GetAsync(node, "/api/nodes");
        using var answer = TryParse(nodes);
        if (answer is null || !answer.RootElement.TryGetProperty("nodes", out var list) || list.GetArrayLength() != ChaosOptions.Nodes
            || list.EnumerateArray().Any(entry => entry.TryGetProperty("problem", out _))
            || (answer.RootElement.TryGetProperty("missing", out var missing) && missing.GetArrayLength() > 0))
        {
            wrong.Add((ProblemKind.NotReady, $"{node.Name} knows as nodes {nodes}"));
        }
    }

    /// <summary>The snapshot of every node, and the view of every subscriber, have who is there and nobody else.</summary>
    private async Task IsPresentAsync(string channel, List<(ProblemKind, string)> wrong)
    {
        var there = subscribers
            .Select(subscriber => (subscriber.Name, Subscription: subscriber.Find(channel)))
            .Where(one => one.Subscription is { Follower.IsSubscribed: true })
            .ToList();
        string[] due = [.. there.Select(one => one.Name)];
        foreach (var node in scene.Nodes)
        {
            using var answer = TryParse(await GetAsync(node, $"/api/channels/{channel}/presence"));
            if (answer is null || !answer.RootElement.TryGetProperty("users", out var users))
                wrong.Add((ProblemKind.Presence, $"{node.Name} has no snapshot of {channel}"));
            else if (PresenceView.Difference([.. users.EnumerateArray().Select(user => user.GetString()!)], due) is { } difference)
                wrong.Add((ProblemKind.Presence, $"{node.Name} has a wrong snapshot of {channel}: {difference}"));
        }
        foreach (var (name, subscription) in there)
        {
            var view = subscription!.View!;
            if (PresenceView.Difference(view.Users, due) is { } difference)
                wrong.Add((ProblemKind.Presence, $"{name} has a wrong view of {channel}: {difference}"));
            else if (view.Count != due.Length)
                wrong.Add((ProblemKind.Presence, $"{name} counts {view.Count} users in {channel}, not {due.Length}"));
        }
    }

    private async Task<IReadOnlyList<(ProblemKind Kind, string Text)>> SettlesAsync()
    {
        var wrong = new List<(ProblemKind, string)>();
        foreach (var publisher in publishers.Where(publisher => publisher.Open > 0))
            wrong.Add((ProblemKind.Silence, $"{publisher.Name} still has {publisher.Open} messages that nobody acknowledges"));
        // While messages are under way, their positions are not the last ones.
        if (wrong.Count > 0)
            return wrong;
        foreach (string channel in ChannelPlan.All.Where(ChannelPlan.HasHistory))
        {
            var tops = new HashSet<Position>();
            foreach (var node in scene.Nodes)
            {
                if (await ReadAsync(node, channel) is { } top)
                    tops.Add(top);
                else
                    wrong.Add((ProblemKind.NotConverged, $"{node.Name} has no history of {channel}"));
            }
            if (tops.Count != 1)
            {
                wrong.Add((ProblemKind.NotConverged, $"{channel} is at {string.Join(" and ", tops)}, each on another node"));
                continue;
            }
            foreach (var subscriber in subscribers)
            {
                if (subscriber.Find(channel)?.Follower is not { } follower)
                    continue;
                if (!follower.IsSubscribed || follower.Position is not { } position || !tops.Contains(position))
                    wrong.Add((ProblemKind.NotConverged, $"{subscriber.Name} in {channel} is at {follower.Position}, not {tops.First()}"));
            }
        }
        return wrong;
    }

    /// <returns>The position of the newest message.</returns>
    private async Task<Position?> ReadAsync(NodeSlot node, string channel)
    {
        using var answer = TryParse(await GetAsync(node, $"/api/channels/{channel}/history?limit=1000"));
        if (answer is null || !answer.RootElement.TryGetProperty("messages", out var list))
            return null;
        string epoch = answer.RootElement.GetProperty("epoch").GetString()!;
        var messages = list.EnumerateArray()
            .Select(entry => (Seq: entry.GetProperty("seq").GetInt64(), Content: entry.GetProperty("content")))
            .ToList();
        scene.Ledger.Page($"calm by {node.Name}", channel, epoch, messages);
        return messages.Count == 0 ? null : new Position(epoch, messages[^1].Seq);
    }

    private static async Task<string> GetAsync(NodeSlot node, string path)
    {
        try
        {
            using var reply = await Http.GetAsync(node.Internal(path));
            return await reply.Content.ReadAsStringAsync();
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return e.Message;
        }
    }

    private static JsonDocument? TryParse(string json)
    {
        try
        {
            return JsonDocument.Parse(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
