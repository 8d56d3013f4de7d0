using System.Globalization;
using System.Security.Cryptography;
using Gateway.Channels;
using Gateway.Protocol.Messages;
using StackExchange.Redis;

namespace Gateway.Backplane.Redis;

/// <summary>Stateless. Reads and writes the streams.</summary>
internal static class RedisHistory
{
    /// <summary>A position outlives the messages by this, so that a client that was away longer is told the truth.</summary>
    private const long PositionMilliseconds = 24 * 60 * 60 * 1000;

    private const long ResultMilliseconds = 5 * 60 * 1000;

    public static async Task<Position?> AppendAsync(RedisConnection connection, ChannelName channel, RedisKeys keys, byte[] body, byte[]? result)
    {
        var rules = channel.Namespace.Rules;
        long ttl = (long)rules.HistoryTtl.TotalMilliseconds;
        RedisKey[] names = result is null ? [keys.Meta, keys.Stream] : [keys.Meta, keys.Stream, result];
        var answer = await connection.CallAsync(RedisScripts.Publish, names,
            [body, NewEpoch(), rules.History, ttl, ttl + PositionMilliseconds, keys.Flow, ResultMilliseconds], body.Length).ConfigureAwait(false);
        if (answer is null)
            return null;
        var parts = (RedisResult[])answer!;
        return new Position((string)parts[0]!, (long)parts[1]);
    }

    public static async Task<bool> PublishOnceAsync(RedisConnection connection, RedisKeys keys, byte[] envelope, byte[] result) =>
        await connection.CallAsync(RedisScripts.PublishOnce, [result], [envelope, keys.Flow, ResultMilliseconds], envelope.Length).ConfigureAwait(false) is not null;

    /// <summary>The bodies as they are stored; null when there was no answer.</summary>
    public static async Task<StoredPage?> ReadAsync(RedisConnection connection, ChannelName channel, RedisKeys keys, HistoryQuery query, bool inTurn = false)
    {
        bool forward = query.After is not null;
        string first = forward ? Id(Math.Max(0, query.After!.Value) + 1) : "-";
        string last = query.Before is { } before ? before <= 1 ? "0-1" : Id(before - 1) : "+";
        long ttl = (long)channel.Namespace.Rules.HistoryTtl.TotalMilliseconds + PositionMilliseconds;
        RedisKey[] names = [keys.Meta, keys.Stream];
        RedisValue[] values = [NewEpoch(), ttl, first, last, forward ? 0 : 1, query.Limit, query.MaxBytes];
        var answer = await (inTurn ? connection.CallInTurnAsync(RedisScripts.Read, names, values) : connection.CallAsync(RedisScripts.Read, names, values)).ConfigureAwait(false);
        if (answer is null)
            return null;
        var parts = (RedisResult[])answer!;
        var top = new Position((string)parts[0]!, (long)parts[1]);
        string oldest = (string)parts[2]!;
        var entries = ((RedisResult[])parts[4]!).Select(entry => (RedisResult[])entry!).Select(entry => (Seq((string)entry[0]!), (byte[])entry[1]!)).ToList();
        if (!forward)
            entries.Reverse();
        return new StoredPage(top, oldest.Length == 0 ? top.Seq + 1 : Seq(oldest), entries, (long)parts[3] == 1);
    }

    public static HistoryPage Decode(StoredPage page)
    {
        var messages = new List<PublishedMessage>(page.Entries.Count);
        System.Text.Json.JsonEncodedText sender = default;
        foreach (var (seq, bytes) in page.Entries)
        {
            if (MessageBody.TryRead(bytes, out var body))
                messages.Add(new PublishedMessage(bytes.AsMemory(bytes.Length - body.Content.Length), sender = body.EncodedSender(sender), seq, body.Time));
        }
        return new HistoryPage(page.Top, page.Oldest, messages, page.More);
    }

    private static string NewEpoch() => RandomNumberGenerator.GetHexString(12, lowercase: true);

    private static string Id(long seq) => seq.ToString(CultureInfo.InvariantCulture) + "-0";

    private static long Seq(string id) => long.Parse(id.AsSpan(0, id.IndexOf('-', StringComparison.Ordinal)), CultureInfo.InvariantCulture);
}
