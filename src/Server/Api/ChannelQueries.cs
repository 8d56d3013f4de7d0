using System.Buffers;
using System.Globalization;
using System.Text;
using Gateway.Protocol.Messages;
using Gateway.Server.Backplane;
using Gateway.Server.Channels;
using Gateway.Server.Cluster;
using Gateway.Server.Naming;

namespace Gateway.Server.Api;

/// <summary>What the API tells of channels. Safe for any thread. A channel that nobody knows is empty, not an error.</summary>
internal sealed class ChannelQueries(Namespaces namespaces, NodeRegistry nodes, IBackplane backplane)
{
    private const int DefaultLimit = 100;
    private const int MaxLimit = 1_000;

    /// <summary>Content bytes of one answer; <c>more</c> tells to ask on.</summary>
    private const int HistoryBytes = 1 << 20;

    /// <summary>Users named in an answer; above it only their number is told.</summary>
    private const int MaxUsers = 10_000;

    public async ValueTask<ApiReply> ListAsync(HttpRequest request)
    {
        if (!TryLimit(request, out int limit, out var problem))
            return problem;
        var asked = new NodeRequest(NodeRequest.List) { Prefix = request.Query["prefix"], After = request.Query["after"], Limit = limit };
        if (await nodes.AskAsync(asked).ConfigureAwait(false) is not { } result)
            return ApiProblem.Busy;
        // The first of all nodes are among the first of each, so the sums are whole.
        var merged = result.Answers.SelectMany(answer => answer.Channels)
            .GroupBy(
                counted => counted.Channel,
                (channel, counts) => new ChannelCount(channel, counts.Sum(counted => counted.Subscribers)),
                StringComparer.Ordinal)
            .OrderBy(
                counted => Encoding.UTF8.GetBytes(counted.Channel),
                Comparer<byte[]>.Create((one, other) => one.AsSpan().SequenceCompareTo(other)))
            .ToList();
        bool more = merged.Count > limit || result.Answers.Any(answer => answer.More);
        return ApiReply.Ok(new ChannelList([.. merged.Take(limit)], more, result.Missing), ApiJson.Default.ChannelList);
    }

    public async ValueTask<ApiReply> DescribeAsync(HttpRequest request)
    {
        if (!TryName(request, out var name, out var problem))
            return problem;
        if (await nodes.AskAsync(new NodeRequest(NodeRequest.Count) { Channel = name!.ToString() }).ConfigureAwait(false) is not { } result)
            return ApiProblem.Busy;
        var (rules, top, users) = (name.Namespace.Rules, default(Position?), default(int?));
        if (rules.HasHistory && (top = (await backplane.ReadAsync(name, HistoryQuery.PositionOnly).ConfigureAwait(false))?.Top) is null)
            return ApiProblem.Unavailable;
        if (rules.Presence && (users = (await backplane.PresenceAsync(name, maxUsers: 0).ConfigureAwait(false))?.State.Count) is null)
            return ApiProblem.Unavailable;
        var counts = result.Answers.Where(answer => answer.Connections > 0)
            .Select(answer => new NodeSubscribers(answer.Node, answer.Connections)).OrderBy(count => count.Node, StringComparer.Ordinal);
        var details = new ChannelDetails(
            name.ToString(), name.Namespace.Name, result.Answers.Sum(answer => answer.Connections), [.. counts], result.Missing, users,
            top?.Epoch, top?.Seq);
        return ApiReply.Ok(details, ApiJson.Default.ChannelDetails);
    }

    /// <summary>The same object as clients get.</summary>
    public async ValueTask<ApiReply> PresenceAsync(HttpRequest request)
    {
        if (!TryName(request, out var name, out var problem))
            return problem;
        var presence = name!.Namespace.Rules.Presence
            ? (await backplane.PresenceAsync(name, MaxUsers).ConfigureAwait(false))?.State
            : new PresenceState([], 0);
        if (presence is null)
            return ApiProblem.Unavailable;
        var json = new ArrayBufferWriter<byte>(1024);
        ServerMessageWriter.PresenceSnapshot(json, name.Json, id: default, presence);
        return new ApiReply(StatusCodes.Status200OK, json.WrittenMemory);
    }

    /// <summary>The same object as clients get.</summary>
    public async ValueTask<ApiReply> HistoryAsync(HttpRequest request)
    {
        if (!TryName(request, out var name, out var problem) || !TryLimit(request, out int limit, out problem)
            || !TrySeq(request, "after", out long? after, out problem) || !TrySeq(request, "before", out long? before, out problem))
            return problem;
        if (after is not null && before is not null)
            return ApiProblem.Bad("before", "'before' and 'after' exclude each other");
        var page = name!.Namespace.Rules.HasHistory
            ? await backplane.ReadAsync(name, new HistoryQuery(after, before, limit, HistoryBytes)).ConfigureAwait(false)
            : new HistoryPage(new Position("", 0), Oldest: 1, [], More: false);
        if (page is null)
            return ApiProblem.Unavailable;
        var json = new ArrayBufferWriter<byte>(1024);
        ServerMessageWriter.History(json, name.Json, id: default, page.Top.Epoch, page.Messages, page.More);
        return new ApiReply(StatusCodes.Status200OK, json.WrittenMemory);
    }

    /// <summary>
    /// From the target as it was sent: routing leaves an escaped slash as it is, and then nobody knows which of the two was meant.
    /// </summary>
    private bool TryName(HttpRequest request, out ChannelName? name, out ApiReply problem)
    {
        string path = request.HttpContext.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpRequestFeature>()!.RawTarget
            .Split('?', 2)[0];
        string[] segments = path[(path.IndexOf("/channels/", StringComparison.OrdinalIgnoreCase) + 1)..].Split('/');
        name = namespaces.TryName(Encoding.UTF8.GetBytes(Uri.UnescapeDataString(segments[1])), out string wrong);
        problem = name is null ? ApiProblem.Bad("channel", $"'channel': {wrong}") : default;
        return name is not null;
    }

    private static bool TryLimit(HttpRequest request, out int limit, out ApiReply problem)
    {
        problem = default;
        limit = DefaultLimit;
        if (request.Query["limit"].ToString() is not { Length: > 0 } text)
            return true;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out limit) && limit is >= 1 and <= MaxLimit)
            return true;
        problem = ApiProblem.Bad("limit", $"'limit' must be a number from 1 to {MaxLimit}");
        return false;
    }

    private static bool TrySeq(HttpRequest request, string field, out long? seq, out ApiReply problem)
    {
        (seq, problem) = (null, default);
        if (request.Query[field].ToString() is not { Length: > 0 } text)
            return true;
        if (long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out long number))
        {
            seq = number;
            return true;
        }
        problem = ApiProblem.Bad(field, $"'{field}' must be a whole number of at least 0");
        return false;
    }
}
