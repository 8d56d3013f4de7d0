using System.Globalization;
using System.Security.Cryptography;
using Gateway.Channels;
using Gateway.Options;
using Gateway.Protocol.Messages;
using StackExchange.Redis;

namespace Gateway.Backplane.Redis;

/// <summary>Stateless. Reads and writes the streams.</summary>
internal static class RedisHistory
{
    /// <summary>A position outlives the messages by this, so that a client that was away longer is told the truth.</summary>
    private const long PositionMilliseconds = 24 * 60 * 60 * 1000;

    /// <summary>The position of a channel without messages: each node with subscribers looks at it every minute.</summary>
    private const long EmptyMilliseconds = 10 * 60 * 1000;

    /// <summary>How long an idempotency key counts.</summary>
    /// <summary>The same when the last subscriber has left: for one who only changes the page, and recovers.</summary>
    private const long LeftMilliseconds = 10 * 1000;

    private const long ResultMilliseconds = 5 * 60 * 1000;

    /// <summary>One call: a plain PUBLISH where there is neither history nor a key, otherwise a script.</summary>
    public static Task<BatchResult> AppendAsync(ChannelName channel, RedisKeys keys, PublishBatch batch)
    {
        if (channel.Namespace.Rules.HasHistory)
            return KeepAsync(channel.Namespace.Rules, keys, batch);
        return batch.Keys.Count == 0 ? PublishAsync(keys, batch) : PublishOnceAsync(keys, batch);
    }

    private static async Task<BatchResult> PublishAsync(RedisKeys keys, PublishBatch batch)
    {
        byte[] envelope = batch.Records(before: 1);
        envelope[0] = (byte)EnvelopeKind.Message;
        return new BatchResult(await batch.Connection.PublishAsync(keys.Flow, envelope, batch.Age).ConfigureAwait(false));
    }

    private static async Task<BatchResult> PublishOnceAsync(RedisKeys keys, PublishBatch batch)
    {
        byte[] records = batch.Records(before: 0);
        RedisValue[] values = [records, keys.Flow, ResultMilliseconds, .. Keys(batch)];
        RedisKey[] names = [keys.Results, keys.OlderResults];
        var answer = await batch.Connection.PublishAsync(RedisScripts.PublishOnce, names, values, records.Length, batch.Age).ConfigureAwait(false);
        return new BatchResult(answer.Outcome);
    }

    private static async Task<BatchResult> KeepAsync(NamespaceOptions rules, RedisKeys keys, PublishBatch batch)
    {
        long ttl = (long)rules.HistoryTtl.TotalMilliseconds;
        byte[] records = batch.Records(before: 0);
        RedisValue[] values = [records, NewEpoch(), rules.History, ttl, ttl + PositionMilliseconds, keys.Flow, batch.Connection.Server, ResultMilliseconds, .. Keys(batch)];
        RedisKey[] names = [keys.Meta, keys.Stream, keys.Results, keys.OlderResults];
        var answer = await batch.Connection.PublishAsync(RedisScripts.Publish, names, values, records.Length, batch.Age).ConfigureAwait(false);
        if (answer.Value is null)
            return new BatchResult(answer.Outcome);
        var parts = (RedisResult[])answer.Value!;
        var known = (RedisResult[])parts[2]!;
        return new BatchResult(answer.Outcome, new Position((string)parts[0]!, (long)parts[1]), [.. known.Chunk(2).Select(ReadKnown)]);
    }

    private static (int Index, Position Position) ReadKnown(RedisResult[] known)
    {
        string[] stored = ((string)known[1]!).Split(' ', 2);
        return ((int)known[0] - 1, new Position(stored[1], long.Parse(stored[0], CultureInfo.InvariantCulture)));
    }

    /// <summary>The idempotency keys, each behind the number, counted from 1, of the message it belongs to.</summary>
    private static IEnumerable<RedisValue> Keys(PublishBatch batch) => batch.Keys.SelectMany(entry => new RedisValue[] { entry.Index + 1, entry.Key });

    /// <summary>The bodies as they are stored; null when there was no answer.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="keys">Its keys.</param>
    /// <param name="query">Which part.</param>
    /// <param name="keep">Whether somebody relies on the position that is read, though the channel may never have had a message.</param>
    /// <param name="inTurn">Whether it rather waits than is refused.</param>
    public static async Task<StoredPage?> ReadAsync(
        RedisConnection connection, ChannelName channel, RedisKeys keys, HistoryQuery query, bool keep, bool inTurn = false)
    {
        bool forward = query.After is not null;
        string first = forward ? Id(Math.Max(0, query.After!.Value) + 1) : "-";
        string last = query.Before is { } before ? before <= 1 ? "0-1" : Id(before - 1) : "+";
        long ttl = (long)channel.Namespace.Rules.HistoryTtl.TotalMilliseconds + PositionMilliseconds;
        RedisKey[] names = [keys.Meta, keys.Stream];
        RedisValue empty = keep ? EmptyMilliseconds : RedisValue.EmptyString;
        RedisValue[] values = [NewEpoch(), ttl, first, last, forward ? 0 : 1, query.Limit, query.MaxBytes, connection.Server, empty];
        var answer = await (inTurn ? connection.CallInTurnAsync(RedisScripts.Read, names, values) : connection.CallAsync(RedisScripts.Read, names, values)).ConfigureAwait(false);
        if (answer is null)
            return null;
        var parts = (RedisResult[])answer!;
        var top = new Position((string)parts[0]!, (long)parts[1]);
        var entries = ((RedisResult[])parts[4]!).Select(entry => (RedisResult[])entry!).Select(entry => ((string)entry[0]!, (byte[])entry[1]!));
        return StoredPage.Of(top, (string)parts[2]!, entries, (long)parts[3] == 1, ReadEarlier((string)parts[5]!), query);
    }

    /// <summary>Begins a new epoch, if the old one is still that in which a position was found to have been given twice.</summary>
    /// <returns>False when there was no answer.</returns>
    public static async Task<bool> RenewAsync(RedisConnection connection, RedisKeys keys, string epoch) =>
        await connection.CallInTurnAsync(RedisScripts.Renew, [keys.Meta], [epoch, NewEpoch()]).ConfigureAwait(false) is not null;

    /// <summary>
    /// Leaves nothing behind for long of a channel that never had a message. No server of a cluster knows whether others have subscribers; there the
    /// position is forgotten when no node has looked at it for ten minutes.
    /// </summary>
    public static Task ForgetAsync(RedisConnection connection, RedisKeys keys) =>
        connection.Topology.IsCluster ? Task.CompletedTask : connection.CallInTurnAsync(RedisScripts.Forget, [keys.Meta], [keys.Flow, LeftMilliseconds]);

    public static HistoryPage Decode(StoredPage page)
    {
        var messages = new List<PublishedMessage>(page.Entries.Count);
        System.Text.Json.JsonEncodedText sender = default;
        foreach (var (seq, bytes) in page.Entries)
        {
            var body = MessageBody.Read(bytes);
            messages.Add(new PublishedMessage(bytes.AsMemory(bytes.Length - body.Content.Length), sender = body.EncodedSender(sender), seq, body.Time));
        }
        return new HistoryPage(page.Top, page.Oldest, messages, page.More) { Earlier = page.Earlier };
    }

    /// <summary>As <c>Read</c> of <see cref="RedisScripts"/> returns them: <c>epoch:seq </c> each.</summary>
    private static IReadOnlyList<Position> ReadEarlier(string text) =>
        text.Length == 0 ? [] : [.. text.Split(' ', StringSplitOptions.RemoveEmptyEntries).SelectMany(ReadEarlierOne)];

    /// <summary>None where it is broken: then whoever was there is told of a loss.</summary>
    private static IEnumerable<Position> ReadEarlierOne(string text)
    {
        string[] parts = text.Split(':');
        return parts.Length == 2 && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out long seq) ? [new Position(parts[0], seq)] : [];
    }

    private static string NewEpoch() => RandomNumberGenerator.GetHexString(12, lowercase: true);

    private static string Id(long seq) => seq.ToString(CultureInfo.InvariantCulture) + "-0";
}
