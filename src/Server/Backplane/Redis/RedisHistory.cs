using System.Globalization;
using System.Security.Cryptography;
using Gateway.Protocol.Messages;
using Gateway.Server.Naming;
using StackExchange.Redis;

namespace Gateway.Server.Backplane.Redis;

/// <summary>Stateless. Reads the streams, and looks after their positions.</summary>
internal static class RedisHistory
{
    /// <summary>A position outlives the messages by this, so that a client that was away longer is told the truth.</summary>
    public const long PositionMilliseconds = 24 * 60 * 60 * 1000;

    /// <summary>The position of a channel without messages: each node with subscribers looks at it every minute.</summary>
    private const long EmptyMilliseconds = 10 * 60 * 1000;

    /// <summary>The same when the last subscriber has left: for one who only changes the page, and recovers.</summary>
    private const long LeftMilliseconds = 10 * 1000;

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
        var answer = await (inTurn ? connection.CallInTurnAsync(PositionScripts.Read, names, values) : connection.CallAsync(PositionScripts.Read, names, values)).ConfigureAwait(false);
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
        await connection.CallInTurnAsync(PositionScripts.Renew, [keys.Meta], [epoch, NewEpoch()]).ConfigureAwait(false) is not null;

    /// <summary>
    /// Leaves nothing behind for long of a channel that never had a message. No server of a cluster knows whether others have subscribers;
    /// there the position is forgotten when no node has looked at it for ten minutes.
    /// </summary>
    public static Task ForgetAsync(RedisConnection connection, RedisKeys keys) =>
        connection.Topology.IsCluster ? Task.CompletedTask : connection.CallInTurnAsync(PositionScripts.Forget, [keys.Meta], [keys.Flow, LeftMilliseconds]);

    public static HistoryPage Decode(StoredPage page)
    {
        var messages = new List<PublishedMessage>(page.Entries.Count);
        Utf8Text sender = default;
        foreach (var (seq, bytes) in page.Entries)
        {
            var body = MessageBody.Read(bytes);
            messages.Add(new PublishedMessage(
                body.Payload.Kind, bytes.AsMemory(bytes.Length - body.Payload.Bytes.Length), sender = body.SenderText(sender), seq, body.Time));
        }
        return new HistoryPage(page.Top, page.Oldest, messages, page.More) { Earlier = page.Earlier };
    }

    /// <summary>As <see cref="PositionScripts.Read"/> returns them: <c>epoch:seq </c> each.</summary>
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
